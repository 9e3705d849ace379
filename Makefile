# `make` or `make help` lists everything a newcomer needs; what cannot be found here is a bug.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.PHONY: help test demo dev cluster-up cluster-down lint format types generate build unit contract integration e2e clean

# npm ci is run again only when the lock file has changed.
node_modules/.installed: package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js with npm, for example from your distribution; this checkout brings the Node that it runs on (see engines in package.json)"; exit 1; }
	npm ci --no-audit --no-fund
	@touch $@

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: node_modules/.installed ## Watch a plain kubectl apply become a canary: v2 promoted, v3 rolled back (KEEP=1 leaves it running)
	@npm run --silent demo

test: node_modules/.installed ## Everything: lint, types, generated files, unit, contract, integration, end-to-end on a real control plane
	@npm test --silent

unit: node_modules/.installed ## Unit tests alone (needs nothing but Node)
	@npm run --silent test:unit

contract: node_modules/.installed ## Contract suites of the ports
	@npm run --silent test:contract

integration: node_modules/.installed ## Integration tests on a real control plane
	@npm run --silent test:integration

e2e: node_modules/.installed ## End-to-end stories on a real control plane
	@npm run --silent test:e2e

cluster-up: node_modules/.installed ## A test cluster: real control plane, istiod, Prometheus, pods as processes
	@npm run --silent cluster -- up

cluster-down: node_modules/.installed ## Take the test cluster away
	@npm run --silent cluster -- down

dev: node_modules/.installed ## Webhook and controller in one process against the cluster of your kubeconfig
	@npm run --silent dev

generate: node_modules/.installed ## Write the CRDs, the chart's generated templates and the reference docs
	@npm run --silent generate

lint: node_modules/.installed ## Lint and formatting
	@npm run --silent lint

format: node_modules/.installed ## Format everything
	@npm run --silent format

types: node_modules/.installed ## Type check
	@npm run --silent types

build: node_modules/.installed ## Compile src to dist, as the image does
	@npm run --silent build

clean: ## Remove what was built and installed here (not the cache of binaries)
	rm -rf node_modules dist coverage
