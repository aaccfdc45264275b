# The front door: `make` lists every target. Each pipeline step is one or two of them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# What `make toolchain` installed comes first; elsewhere the folder isn't there.
export PATH := $(CURDIR)/.cache/node/bin:$(CURDIR)/.cache/toolchain/bin:$(PATH)
# In a pipeline step AWS clients exchange the step's token for its role (docs/pipeline.md).
ifneq ($(BITBUCKET_STEP_OIDC_TOKEN),)
export AWS_WEB_IDENTITY_TOKEN_FILE := $(CURDIR)/.cache/identity/token
# Bitbucket's token carries no session tags; the name tells the audit log which run, and where.
export AWS_ROLE_SESSION_NAME ?= bitbucket-$(BITBUCKET_BUILD_NUMBER)-$(BITBUCKET_DEPLOYMENT_ENVIRONMENT)
endif
# The image that `make push` recorded, unless another one is named.
IMAGE ?= $(shell cat release/image 2>/dev/null)
# Recipes take it from the environment, where neither make nor a shell reads commands into what a person typed.
export IMAGE
FILE ?=
export FILE
STEP ?=
export STEP
PART ?=
export PART

##@ Start here
.PHONY: help
help: ## List all targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z][a-z-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Compared by content: the files of a new clone are later than a node_modules that came out of a cache.
.PHONY: install
install: ## Install what package-lock.json pins
	@tools/install/node
	@cat package.json package-lock.json | cmp -s - node_modules/.installed || { \
		npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; cat package.json package-lock.json > node_modules/.installed; }

.PHONY: run
run_local = node app/src/local/main.ts $(ARGS)
run: install ## Run the API with real movies, Swagger UI and a token issuer on this machine (ARGS=--help)
# Job control keeps Ctrl-C from make itself, so that stopping the API is a success.
	@if [ -t 0 ]; then set -m; $(run_local); exit; fi; exec $(run_local)

.PHONY: clean-data
clean-data: ## Forget the data that `make run` keeps
	@rm -rf .data

.PHONY: tools
tools: install ## Install what the tests can use and this machine lacks
	@node tools/install/main.ts

# Scanners that are not there are "not checked". Caches begin empty, and keep what the step that ended first had built.
.PHONY: cached-tools
cached-tools: install $(addprefix .cache/bin/,cosign crane gitleaks terraform-docs tflint trivy) ## In a pipeline step: install all that its caches are for, or fail
	@node tools/install/main.ts --cached

##@ Check
.PHONY: test
test: install ## Run every test that this machine can run (PART=service|platform: one part, as a pipeline step does)
	@arguments=$$(node tools/checks/test-parts.ts "$$PART"); \
	node tools/install/main.ts $(if $(CI),,--cache-only); \
	$(if $(CI),JEST_JUNIT_OUTPUT_DIR=reports/tests JEST_SUITE_NAME="$$PART") npm test --silent -- $$arguments $(if $(CI),--reporters=./tests/support/reporter.js --reporters=jest-junit)

.PHONY: test-fast
test-fast: install ## Run every test that needs nothing but Node.js: no Terraform, container, deployment, browser
	@TESTS=fast npm test --silent -- --maxWorkers=4

.PHONY: test-all
test-all: export DRILLS = all
test-all: test ## Run every test, and break the local deployment in every known way

.PHONY: screenshot
screenshot: install ## Take the README's picture of Swagger UI (takes Chromium)
	@node tests/app/local/screenshot.ts

.PHONY: lint
lint: install ## Check style and types
	@npm run lint --silent
	@npm run typecheck --silent

# Go tools are pinned with their checksums in tools/install/go/<tool>/go.sum. By content, too: .cache/bin is a cache of the pipeline.
.PHONY: always
.cache/bin/%: always
	@cat tools/install/go/$*/go.mod tools/install/go/$*/go.sum | cmp -s - $@.built && test -x $@ || { \
		echo "Building $* (once)"; \
		go -C tools/install/go/$* build -trimpath -ldflags='-s -w' -o $(CURDIR)/$@ $$(sed -n 's/^tool //p' tools/install/go/$*/go.mod); \
		cat tools/install/go/$*/go.mod tools/install/go/$*/go.sum > $@.built; }

# Each directory with a terraform.tf is a root or a module.
terraform_directories = $(patsubst %/terraform.tf,%,$(wildcard terraform/terraform.tf terraform/*/terraform.tf modules/*/terraform.tf))

.PHONY: collector
collector: .cache/bin/collector ## Build the collector that tests app/collector/config.yaml (takes Go, and minutes)

.PHONY: docs
docs: .cache/bin/terraform-docs ## Rewrite the generated part of the Terraform READMEs
	@for directory in $(terraform_directories); do .cache/bin/terraform-docs --config .terraform-docs.yml $$directory; done

.PHONY: lint-terraform
TFLINT_CONFIG ?= security/tflint.hcl
lint-terraform: .cache/bin/tflint ## Check the form of the HCL (terraform fmt, tflint)
	@terraform fmt -check -diff -recursive terraform modules
	@for directory in $(terraform_directories); do .cache/bin/tflint --config=$(CURDIR)/$(TFLINT_CONFIG) --chdir=$$directory; done

.PHONY: modules-verify
modules-verify: install ## Compare every installed registry module with the module lock
	@node tools/checks/modules.ts verify

# Trivy is built with the encoder that it needs, and without C.
.cache/bin/trivy: export GOEXPERIMENT = jsonv2
.cache/bin/trivy .cache/bin/gitleaks .cache/bin/cosign .cache/bin/crane: export CGO_ENABLED = 0

.PHONY: security
security: install ## Run every security gate; one report in reports/security (ARGS=--help)
	@node tools/checks/security.ts $(ARGS)

.PHONY: pipeline-check
pipeline-check: install ## Check bitbucket-pipelines.yml for what its published schema lets pass
	@node tools/checks/pipeline-check.ts $(ARGS)

.PHONY: plans-check
plans-check: install ## Each recorded plan is what Terraform plans now
	@npm run plans --silent -- check

.PHONY: plan-changes
plan-changes: install ## What this changes in each environment, and costs, since BASE=<commit>, by the recorded plans
	@node tools/checks/plans/command.ts changes "$(or $(BASE),$(BITBUCKET_PR_DESTINATION_COMMIT))"

.PHONY: check
check: lint pipeline-check lint-terraform plans-check ## Everything of a review that needs no running service

.PHONY: format
format: install ## Rewrite what a formatter can fix
	@npm run format --silent
	@if command -v terraform >/dev/null; then terraform fmt -recursive; fi

##@ Measure
.PHONY: bench
bench: install ## Measure the service and what one would use instead, side by side (ARGS="--only hot --quick", ARGS=--help)
	@node tools/bench/main.ts $(ARGS)

.PHONY: bench-check
bench-check: install ## Measure less of it, and compare the ratios with what is stored (ARGS=--help)
	@node tools/bench/check.ts $(ARGS)

##@ Build
.PHONY: build
build: install ## Bundle the service for production into dist/
	@npm run build --silent

.PHONY: image
image: install ## Build the image with docker, podman or buildah (ARGS=--help)
	@node tools/release/image.ts $(ARGS)

.PHONY: push
push: install identity .cache/bin/crane ## Push the image once per commit; its reference by digest goes to release/image
	@node tools/release/pipeline-commands.ts push --record release/image

.PHONY: sbom
sbom: install .cache/bin/trivy ## Write the bills of materials of repository and image (CycloneDX)
	@node tools/release/signing.ts sbom "$$IMAGE"

.PHONY: sign
sign: install .cache/bin/cosign .cache/bin/trivy ## IMAGE=…@sha256:… SIGNING_KEY=… Sign an image and both bills of materials
	@node tools/release/signing.ts sign "$$IMAGE"

##@ Deploy
.PHONY: toolchain
toolchain: install ## Install Terraform and Go for Linux as pinned by checksum (what the build image lacks)
	@node tools/release/pipeline-commands.ts toolchain

.PHONY: pipeline-local
pipeline-local: install .cache/bin/crane .cache/bin/cosign ## Run the pipeline of main here, against an emulated account (ARGS=--help)
	@exec node tools/sandbox/pipeline/main.ts $(ARGS)

.PHONY: identity
identity: install ## In a pipeline step: let AWS clients find the step's token; elsewhere nothing
	@node tools/release/pipeline-commands.ts identity --file .cache/identity/token

.PHONY: insights
insights: install ## In a pipeline step: file what was reported with the commit; elsewhere list it
	@node tools/release/pipeline-commands.ts insights

.PHONY: release
release: install identity .cache/bin/crane .cache/bin/cosign ## ENV=dev Deploy, probe (LOAD_TEST=yes: under load), and return to what ran before when that fails
	@node tools/release/pipeline-commands.ts release --env "$(ENV)" --image "$$IMAGE" --plan "$(PLAN)" --load-test "$(LOAD_TEST)"

.PHONY: rollback
rollback: install identity .cache/bin/crane .cache/bin/cosign ## ENV=dev IMAGE=…@sha256:… Return to an image that was good, and probe it
	@node tools/release/pipeline-commands.ts rollback --env "$(ENV)" --image "$$IMAGE"

.PHONY: bootstrap
bootstrap: install ## Once per account: state bucket, image repository, pipeline roles
	@node tools/release/main.ts bootstrap

.PHONY: plan
plan: install identity ## ENV=dev IMAGE=…@sha256:… Write the plan of a release to a file and show it
	@node tools/release/main.ts plan --env "$(ENV)" --image "$$IMAGE" --plan "$(PLAN)"

.PHONY: deploy
deploy: install identity ## ENV=dev IMAGE=…@sha256:… Plan and apply; with PLAN=file apply the plan that was approved
	@node tools/release/main.ts deploy --env "$(ENV)" --image "$$IMAGE" --plan "$(PLAN)"

.PHONY: drift
drift: install identity ## ENV=local|dev|… What differs from what was applied last, and whose it is; exit code 1 when something does
	@node $(if $(filter local,$(ENV)),tools/sandbox/deployment/deploy.ts drift,tools/release/main.ts drift --env "$(ENV)")

.PHONY: deployed-image
deployed-image: install identity .cache/bin/crane .cache/bin/cosign ## ENV=dev Fetch the image that runs there, if it still is what was signed
	@node tools/release/upkeep.ts deployed-image --env "$(ENV)" --archive "release/deployed-$(ENV).tar"

.PHONY: rescan
rescan: install .cache/bin/trivy ## ENV=dev Scan what deployed-image fetched by what is known today
	@node tools/checks/security.ts --strict --image "release/deployed-$(ENV).tar" --only trivy-image trivy-image-vulnerabilities

.PHONY: load-data
load-data: install identity ## ENV=dev FILE=movies.json Load movies into an environment (without FILE: real ones); never prod
	@node tools/release/upkeep.ts load-data --env "$(ENV)" --file "$$FILE"

.PHONY: plan-rotation
plan-rotation: install identity ## ENV=prod STEP=accept|sign|drop PLAN=file Write the plan of the next step of replacing the cursor key (ARGS=--help)
	@node tools/release/upkeep.ts plan-rotation --env "$(ENV)" --step "$$STEP" --plan "$(PLAN)" $(ARGS)

.PHONY: rotate-cursor-key
rotate-cursor-key: install identity .cache/bin/crane .cache/bin/cosign ## ENV=dev STEP=accept|sign|drop Take it, probe, and take it back when that fails (ARGS=--help)
	@node tools/release/upkeep.ts rotate-cursor-key --env "$(ENV)" --step "$$STEP" --plan "$(PLAN)" $(ARGS)

.PHONY: destroy
destroy: install identity ## ENV=dev Destroy an environment; never prod
	@node tools/release/main.ts destroy --env "$(ENV)"

.PHONY: verify
verify: install identity ## ENV=local|dev|… Probe a deployment: is it what was meant? Reports in reports/verify
	@node tools/release/verify.ts probes --env "$(ENV)"

.PHONY: load-test
load-test: install identity ## ENV=local|dev|staging A short, bounded load of reads; pass marks from docs/slo.yaml
	@node tools/release/verify.ts load --env "$(ENV)"

.PHONY: drill
drill: install ## Break the local deployment on purpose, under load (DRILLS=task-killed,…); charts in reports/drills
	@node tools/sandbox/deployment/deploy.ts drill --only "$(DRILLS)"

.PHONY: emulator
emulator: install ## Run an emulated AWS control plane on loopback, until interrupted (ARGS=--help)
	@node tools/sandbox/emulator/main.ts --calls $(ARGS)

.PHONY: deploy-local
deploy-local: install ## Apply everything in full into the emulator and serve traffic on this machine (LOCAL_PORT=8088)
	@node tools/sandbox/deployment/deploy.ts deploy $(ARGS)

.PHONY: destroy-local
destroy-local: install ## Stop the tasks and destroy it again, to nothing left
	@node tools/sandbox/deployment/deploy.ts destroy

.PHONY: local
local: install ## ARGS="state | token | kill | freeze | lose-zone | database --latency 500 | heal" Watch or harm what deploy-local runs
	@node tools/sandbox/deployment/main.ts $(ARGS)
