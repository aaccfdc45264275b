# The front door: `make` lists every target. Each pipeline step is one or two of them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

##@ Start here
.PHONY: help
help: ## List all targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z][a-z-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

node_modules/.package-lock.json: package.json package-lock.json
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: install
install: node_modules/.package-lock.json ## Install what package-lock.json pins

.PHONY: run
run_local = node --import tsx app/src/local/main.ts $(ARGS)
run: install ## Run the API with real movies, Swagger UI and a token issuer on this machine (ARGS=--help)
# Job control keeps Ctrl-C from make itself, so that stopping the API is a success.
	@if [ -t 0 ]; then set -m; $(run_local); exit; fi; exec $(run_local)

.PHONY: clean-data
clean-data: ## Forget the data that `make run` keeps
	@rm -rf .data

.PHONY: tools
tools: install ## Install what the tests can use and this machine lacks
	@node --import tsx tools/install/main.ts

##@ Check
.PHONY: test
test: install ## Run every test that this machine can run
	@node --import tsx tools/install/main.ts $(if $(CI),,--cache-only)
	@npm test --silent

.PHONY: lint
lint: install ## Check style and types
	@npm run lint --silent
	@npm run typecheck --silent

.PHONY: format
format: install ## Rewrite what a formatter can fix
	@npm run format --silent
	@if command -v terraform >/dev/null; then terraform fmt -recursive; fi
