# Everything a contributor needs; `make` lists it.
.DEFAULT_GOAL := help
.PHONY: help demo test short fuzz bench lint generate

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## run The Daily Crumb
	go run ./cmd/herald demo

test: ## all tests
	bash scripts/test.sh

short: ## the quick tests
	go test -short ./...

fuzz: ## each fuzz test for ten seconds
	bash scripts/fuzz.sh

bench: ## the figures of docs/benchmarks.md
	bash scripts/bench.sh

lint: ## golangci-lint, as .golangci.yml says
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@latest run

generate: ## reference pages and JSON Schema from dsl/schema
	go test ./dsl/reference -update
