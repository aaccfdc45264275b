# The front door: `make` lists every target. Each pipeline step is one or two of them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# What `make tools FOR=…` installed comes first; elsewhere the folder isn't there.
export PATH := $(CURDIR)/.cache/node/bin:$(CURDIR)/.cache/toolchain/bin:$(PATH)
# In a pipeline step AWS clients exchange the step's token for its role (docs/deploy.md).
ifneq ($(BITBUCKET_STEP_OIDC_TOKEN),)
export AWS_WEB_IDENTITY_TOKEN_FILE := $(CURDIR)/.cache/identity/token
# Bitbucket's token carries no session tags; the name tells the audit log which run, and where.
export AWS_ROLE_SESSION_NAME ?= bitbucket-$(BITBUCKET_BUILD_NUMBER)-$(BITBUCKET_DEPLOYMENT_ENVIRONMENT)
endif
# The image that `make push` recorded, unless another one is named.
IMAGE ?= $(shell cat release/image 2>/dev/null)
# Recipes take these from the environment, where neither make nor a shell reads commands into what a person typed.
FILE ?=
STEP ?=
PART ?=
LOSE ?=
TABLE ?=
TO ?=
export IMAGE FILE STEP PART LOSE TABLE TO

# A pipeline step files what it reports with the commit, whatever came of it. Elsewhere: npm run insights.
filed = $(if $(CI),trap 'node tools/release/main.ts insights' EXIT;)
release = node tools/release/main.ts
local = node tools/sandbox/deployment/main.ts

##@ Start here
.PHONY: help
help: ## List all targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z][a-z-]*:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run_local = node app/src/local/main.ts $(ARGS)
run: install-app ## Run the API with real movies, Swagger UI and a token issuer on this machine (ARGS=--help)
# Job control keeps Ctrl-C from make itself, so that stopping the API is a success.
	@if [ -t 0 ]; then set -m; $(run_local); exit; fi; exec $(run_local)

# In a pipeline step: what its kind uses and the build image lacks, or a failure. Caches begin empty.
.PHONY: tools
go_tests = collector terraform-docs tflint
go_gates = cosign crane gitleaks tflint trivy
go_build = cosign crane trivy
go_release = cosign crane
go_rescan = trivy
tools: install pinned-programs $(addprefix .cache/bin/,$(go_$(FOR))) ## Install what the tests can use and this machine lacks (FOR=tests|gates|drills|build|plan|release|rescan: as such a step)
	@[ -n "$(FOR)" ] || node tools/install/main.ts

##@ Check
.PHONY: test
# A pipeline step has installed what its part uses; nothing more is built for it.
test: install ## Run every test that this machine can run (PART=project|gates, STRICT=1: a skip fails, TESTS=fast: without containers and Terraform, DRILLS=all: with all drills)
	@$(filed) arguments=$$(node tools/checks/test-parts.ts "$$PART"); \
	$(if $(filter fast,$(TESTS)),:,node tools/install/main.ts $(if $(PART),--cache-only,$(if $(CI),,--cache-only))); \
	JEST_JUNIT_OUTPUT_DIR=reports/tests JEST_JUNIT_ADD_FILE_ATTRIBUTE=true JEST_SUITE_NAME="$$PART" npm test --silent -- $(if $(filter fast,$(TESTS)),,$$arguments) --reporters=./tests/support/reporter.js $(if $(CI),,--reporters=./tests/support/abuse-report.js) --reporters=jest-junit

.PHONY: lint
lint: install ## Check style and types
	@npm run lint --silent
	@npm run typecheck --silent

.PHONY: roles
roles: install ## Decide by an evaluator of IAM what each role may do (ROLES=all: proven of every request, too; ARGS=--help)
	@node tools/checks/roles/main.ts $(if $(filter all,$(ROLES)),--prove --faults --subtract) $(ARGS)

.PHONY: format
format: install ## Rewrite what a formatter can fix
	@npm run format --silent
	@if command -v terraform >/dev/null; then terraform fmt -recursive; fi

# Each directory with a terraform.tf is a root or a module.
terraform_directories = $(patsubst %/terraform.tf,%,$(wildcard terraform/terraform.tf terraform/*/terraform.tf modules/*/terraform.tf))

.PHONY: check
check: lint .cache/bin/tflint ## Everything of a review that needs no running service: style, types, pipeline file, form of the HCL, recorded plans, roles
	@$(filed) node tools/checks/pipeline-check.ts; \
	terraform fmt -check -diff -recursive terraform modules; \
	for directory in $(terraform_directories); do .cache/bin/tflint --config=$(CURDIR)/security/tflint.hcl --chdir=$$directory; done; \
	npm run plans --silent -- check; \
	node tools/checks/roles/main.ts

.PHONY: security
security: install ## Run every security gate; one report in reports/security (ENV=dev: on the image that `make verify ARCHIVE=yes` fetched; ARGS=--help)
	@$(filed) node tools/checks/security.ts $(if $(filter command,$(origin ENV)),--strict --image "release/deployed-$(ENV).tar" --only trivy-image trivy-image-vulnerabilities) $(ARGS)

.PHONY: mutants
mutants: install ## Make mistakes on purpose, one at a time, in a copy: is each stopped by a check of its own? (ARGS=--help)
	@node tools/checks/mutants/main.ts $(ARGS)

.PHONY: evidence
evidence: install ## For an auditor: one signed folder and page of controls, proofs and dates, from what is in reports/ (ARGS="--verify FOLDER", ARGS=--help)
	@node tools/checks/evidence.ts $(ARGS)

.PHONY: plan-changes
plan-changes: install ## What this changes in each environment, and costs, since BASE=<commit>, by the recorded plans
	@$(filed) node tools/checks/plans/command.ts changes "$(or $(BASE),$(BITBUCKET_PR_DESTINATION_COMMIT))"

.PHONY: bench
bench: install ## Measure the service, its merge base and rivals in one run (ARGS="--only table --only page")
	@$(filed) node tools/bench/main.ts $(ARGS)

.PHONY: docs
docs: .cache/bin/terraform-docs ## Rewrite the generated part of the Terraform READMEs
	@for directory in $(terraform_directories); do .cache/bin/terraform-docs --config .terraform-docs.yml $$directory; done

##@ Build
.PHONY: image
image: install ## Build the image with docker, podman or buildah, for the tasks' processor (ARGS=--help)
	@node tools/release/image.ts $(ARGS)

.PHONY: push
push: install .cache/identity/token .cache/bin/crane ## Push the image once per commit; its reference by digest goes to release/image
	@$(release) push --record release/image

.PHONY: sign
sign: install .cache/bin/cosign .cache/bin/crane .cache/bin/trivy ## IMAGE=…@sha256:… SIGNING_KEY=… Sign an image, both bills of materials and its provenance
	@$(release) sign "$$IMAGE"

##@ Deploy to an account
.PHONY: bootstrap
bootstrap: install ## Once per account: state bucket, image repository, pipeline roles
	@$(release) bootstrap

.PHONY: preflight
preflight: install .cache/identity/token ## ENV=dev Ask, before anything is made, whether this account can hold it; changes nothing
	@$(release) preflight --env "$(ENV)" --image "$$IMAGE"

.PHONY: plan
plan: install .cache/identity/token ## ENV=dev IMAGE=…@sha256:… Write the plan of a release to PLAN=file and show it (STEP=accept|sign|drop: of the next step of replacing the cursor key; TABLE=name: of a change of the table that serves)
	@$(release) plan --env "$(ENV)" --image "$$IMAGE" --step "$$STEP" --table "$$TABLE" --plan "$(PLAN)"

.PHONY: deploy
deploy: named install .cache/identity/token .cache/bin/crane .cache/bin/cosign ## ENV=dev IMAGE=…@sha256:… Plan, check and apply (PLAN=file: the plan that was approved; TABLE=name: let this table serve; DATA=yes: load movies of FILE instead, else real ones)
	@$(release) $(if $(DATA),load-data --env "$(ENV)" --file "$$FILE",deploy --env "$(ENV)" --image "$$IMAGE" --table "$$TABLE" --plan "$(PLAN)")

.PHONY: verify
verify: named install .cache/identity/token $(if $(filter local,$(ENV)),,.cache/bin/crane .cache/bin/cosign) ## ENV=local|dev|… Probe a deployment: is it what was meant, and what was it built from? (LOAD=yes: under load; ARCHIVE=yes: fetch its image, if it is what was signed)
	@$(if $(ARCHIVE),$(release) deployed-image --archive "release/deployed-$(ENV).tar",node tools/release/verify.ts $(if $(LOAD),load,probes)) --env "$(ENV)"$(if $(filter local,$(ENV))$(ARCHIVE)$(LOAD),,; \
	$(release) provenance --env "$(ENV)")

.PHONY: status
status: install .cache/identity/token ## ENV=local|dev|… On one screen: what runs, what is wrong now (then exit code 1), what changed in the last day
	@$(release) status --env "$(ENV)"

.PHONY: release
release: named install .cache/identity/token .cache/bin/crane .cache/bin/cosign ## ENV=dev Deploy, probe (LOAD_TEST=yes: under load), and return to what ran before when that fails
	@$(release) release --env "$(ENV)" --image "$$IMAGE" --plan "$(PLAN)" --load-test "$(LOAD_TEST)"

.PHONY: rollback
rollback: named install .cache/identity/token .cache/bin/crane .cache/bin/cosign ## ENV=dev IMAGE=…@sha256:… Return to an image that was good, and probe it
	@$(release) rollback --env "$(ENV)" --image "$$IMAGE"

.PHONY: rotate-cursor-key
rotate-cursor-key: named install .cache/identity/token .cache/bin/crane .cache/bin/cosign ## ENV=dev STEP=accept|sign|drop Take the next step, probe, and take it back when that fails
	@$(release) rotate-cursor-key --env "$(ENV)" --step "$$STEP" --plan "$(PLAN)"

.PHONY: drift
drift: install .cache/identity/token ## ENV=local|dev|… What differs from what was applied last, and whose it is; exit code 1 when something does
	@$(filed) $(if $(filter local,$(ENV)),$(local) drift,$(release) drift --env "$(ENV)")

.PHONY: maintenance
maintenance: install .cache/identity/token ## ENV=local|dev|… ON=30m|OFF=yes Answer callers with 503 for so long, or no longer (without either: what is on)
	@$(release) maintenance --env "$(ENV)" --on "$(ON)" --off "$(OFF)"

.PHONY: restore
restore: install .cache/identity/token ## ENV=local|dev|… TO=time|backup|table Restore the table beside the one that serves, and compare both; nothing is deleted
	@$(release) restore --env "$(ENV)" --to "$$TO"

.PHONY: destroy
destroy: install .cache/identity/token ## ENV=dev|bootstrap Destroy an environment, never prod, or what bootstrap made; says what AWS keeps, and until when
	@$(release) destroy --env "$(ENV)"

##@ An account on this machine
.PHONY: deploy-local
deploy-local: install ## Apply everything in full into the emulator and serve traffic on this machine (LOCAL_PORT=8088)
	@$(local) deploy $(ARGS)

.PHONY: drill
drill: install ## Break the local deployment on purpose, under load (DRILLS=task-killed,…); charts in reports/drills
	@$(local) drill --only "$(DRILLS)"

.PHONY: destroy-local
destroy-local: install ## Stop the tasks and destroy it again, to nothing left
	@$(local) destroy

.PHONY: pipeline-local
pipeline-local: install .cache/bin/crane .cache/bin/cosign ## Run the pipeline of main here, against an emulated account (ARGS=--help)
	@exec node tools/sandbox/pipeline/main.ts $(ARGS)

# What targets need, below. Nothing of it is asked for by name.

# Before anything is built for it, which takes minutes.
environments = $(basename $(notdir $(wildcard terraform/environments/*.tfvars)))
named: always
	@case ' local $(environments) ' in *" $${ENV:--} "*) ;; *) printf 'error: %s\nName one with ENV=<environment>: $(environments).\n' \
		"$$([ -n "$${ENV:-}" ] && echo "There is no environment $$ENV." || echo 'No environment is named.')" >&2; exit 2;; esac

# Compared by content: the files of a new clone are later than a node_modules that came out of a cache.
packages_are = cat package.json package-lock.json | cmp -s - node_modules/$(1)
install_packages = npm ci $(2) --ignore-scripts --no-audit --no-fund --loglevel=error; cat package.json package-lock.json > node_modules/$(1)
install: always
	@tools/install/node
	@$(call packages_are,.installed) || { $(call install_packages,.installed,); }

# A third of the packages is enough to run it. Where all of them were installed once, all of them are renewed.
install-app: always
	@tools/install/node
	@if [ -f node_modules/.installed ]; then $(MAKE) install; else \
		$(call packages_are,.installed-app) || { $(call install_packages,.installed-app,--workspace app); }; fi

pinned-programs: install
	@[ -z "$(FOR)" ] || node tools/install/main.ts --for "$(FOR)"

# The token of a pipeline step, where AWS clients look for it; elsewhere nothing.
.cache/identity/token: always install
	@$(release) identity --file $@

# Go tools are pinned with their checksums in tools/install/go/<tool>/go.sum; two of them share most of what another is made of.
# By content, too: .cache/bin is a cache of the pipeline.
pins = tools/install/go/$(or $(pins_of_$*),$*)
pins_of_crane = cosign
pins_of_terraform-docs = tflint
.cache/bin/%: always
	@cat $(pins)/go.mod $(pins)/go.sum | cmp -s - $@.built && test -x $@ || { \
		echo "Building $*, once; it takes minutes"; \
		go -C $(pins) build -trimpath -ldflags='-s -w' -o $(CURDIR)/$@ $$(sed -En 's|^(tool)?[[:space:]]*([^[:space:]]+/$*(/v[0-9]+)?)$$|\2|p' $(pins)/go.mod); \
		cat $(pins)/go.mod $(pins)/go.sum > $@.built; }
# Trivy is built with the encoder that it needs, and without C.
.cache/bin/trivy: export GOEXPERIMENT = jsonv2
.cache/bin/trivy .cache/bin/gitleaks .cache/bin/cosign .cache/bin/crane: export CGO_ENABLED = 0
ifneq ($(FOR),)
# Go itself comes first.
$(addprefix .cache/bin/,$(go_$(FOR))): pinned-programs
endif

always:
