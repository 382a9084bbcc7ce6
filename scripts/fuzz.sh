#!/usr/bin/env bash
# Runs every fuzz test of the module for a while: bash scripts/fuzz.sh [10s]
set -euo pipefail
cd "$(dirname "$0")/.."
for pkg in $(go list ./...); do
	for name in $(go test -list '^Fuzz' "$pkg" 2>/dev/null | grep '^Fuzz' || true); do
		echo "== $pkg $name"
		go test -run '^$' -fuzz "^$name\$" -fuzztime "${1:-10s}" "$pkg"
	done
done
