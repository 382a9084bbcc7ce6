#!/usr/bin/env bash
# Passes all tests. Installs what they need and the machine lacks, shows what it
# does, and says in its last lines what was skipped and why.
#
#   bash scripts/test.sh            everything
#   bash scripts/test.sh -short     without the slow ones
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

need() { # need PROGRAM PACKAGE WHAT_FOR [FOLDER…], which are looked into beside PATH
	command -v "$1" >/dev/null 2>&1 && return 0
	local folder
	for folder in "${@:4}"; do
		[ ! -x "$folder/$1" ] || return 0
	done
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
		step "installing $2, for $3"
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null ||
			echo "$2 could not be installed: tests that need it are skipped."
	else
		echo "There is no $1 here (install $2): $3 is skipped."
	fi
}

command -v go >/dev/null 2>&1 || { echo "Go 1.26 or newer is needed: https://go.dev/dl/"; exit 1; }
need chromium chromium "the test in a browser"
need initdb postgresql "the store in PostgreSQL" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin
if [ -z "${HERALD_DATASETS:-}" ] && [ -d ../shared/vectors/data ]; then
	HERALD_DATASETS=$(cd ../shared/vectors/data && pwd)
	export HERALD_DATASETS
fi

step "gofmt"
unformatted=$(gofmt -l $(git ls-files '*.go'))
[ -z "$unformatted" ] || { echo "not formatted: $unformatted"; exit 1; }

step "building herald, and the embedded Temporal server (the first time: about 8 CPU-minutes)"
go build ./...
go run ./cmd/herald prepare

step "vet"
go vet ./...
(cd cmd/herald-temporal && GOFLAGS="${GOFLAGS:-} -trimpath" go vet ./...) # with -trimpath it shares the cache of the build

step "tests"
status=0
{
	go test -json -p 2 -timeout 20m "$@" ./... || true
	(cd cmd/herald-temporal && GOFLAGS="${GOFLAGS:-} -trimpath" go test -json -p 1 -timeout 10m "$@" ./...) || true
} | go run ./internal/testsummary || status=$?
exit "$status"
