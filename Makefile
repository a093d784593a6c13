# Everything a developer runs. `make help` lists it. All that is installed or built goes below .build (ignored by git).

SHELL := /bin/bash -o pipefail
BUILD := .build
AGENT := $(BUILD)/bin/neo4j-agent
# The newest release in autumn 2026 that builds with the Go version of go.mod.
LINT_VERSION := v2.15.0
LINT  := $(BUILD)/bin/golangci-lint-$(LINT_VERSION)

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT  ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
SOURCES := $(shell find agent supervisor neo4jconf -name '*.go' 2>/dev/null) go.mod go.sum

FOLDERS     := agent supervisor neo4jconf image ecs-task-defs integration
UNIT        := ./agent/... ./supervisor/... ./neo4jconf/... ./image/... ./ecs-task-defs/...
INTEGRATION := ./integration/...

.PHONY: help demo demo-clean test unit integration soak soak-unit soak-integration check bench build update clean

help: ## List what can be made.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: $(AGENT) ## Build the agent into .build/bin.

$(AGENT): $(SOURCES)
	@mkdir -p $(@D)
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./agent

demo: $(AGENT) ## Run a real cluster (three cores, one read replica) on this machine until Ctrl-C.
	@go build -o $(BUILD)/bin/demo ./integration/demo
	@exec $(BUILD)/bin/demo -agent $(AGENT) -dir $(BUILD)

demo-clean: ## Throw away the data of the demo cluster.
	rm -rf $(BUILD)/demo

test: check ## Check the code and play every scenario once. An hour at most on 2 cores.
	@$(MAKE) --no-print-directory -j2 unit integration

unit: ## The tests that need no Neo4j.
	go test -race -timeout 10m $(UNIT)

integration: $(AGENT) ## The tests on real Neo4j servers.
	go test -race -p 1 -timeout 80m -count 1 -v $(INTEGRATION)

soak: check soak-unit soak-integration ## Every scenario with its full counts. An hour; with -j2 less.

soak-unit:
	SOAK=1 go test -race -timeout 60m -count 1 $(UNIT)

soak-integration: $(AGENT)
	SOAK=1 go test -race -p 1 -timeout 300m -count 1 -v $(INTEGRATION)

check: $(LINT) ## Formatting, vet, import rules, generated texts.
	@test -z "$$(gofmt -l $(FOLDERS))" || { gofmt -l $(FOLDERS); echo 'not formatted: run gofmt -w'; exit 1; }
	go vet ./...
	$(LINT) run ./...
	go mod verify >/dev/null
	go mod tidy -diff

$(LINT):
	@mkdir -p $(@D)
	@echo 'building the linter (once, a few minutes)'
	GOBIN=$(abspath $(@D)) GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv $(@D)/golangci-lint $@

bench: $(AGENT) ## Figures as ratios against the things compared with.
	go run ./integration/bench -agent $(AGENT) -dir $(BUILD)

update: ## Rewrite golden files and generated texts (look at the diff afterwards).
	go test ./agent/health ./agent/peers ./agent/settings ./neo4jconf ./integration/localcluster -update

clean: ## Remove everything built, installed or kept.
	rm -rf $(BUILD)
