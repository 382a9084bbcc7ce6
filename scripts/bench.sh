#!/usr/bin/env bash
# The figures of docs/benchmarks.md, side by side in one run on this machine.
# Nothing else should run beside it: bash scripts/bench.sh
set -euo pipefail
cd "$(dirname "$0")/.."
bench() { # bench PACKAGE PATTERN [FLAGS…]
	go test -run '^$' -bench "$2" "${@:3}" "$1" | grep -E '^(Benchmark|cpu:)' | grep -v '^cpu:' || true
}
echo "== $(nproc) cores, $(go version | cut -d' ' -f3), load $(cut -d' ' -f1 /proc/loadavg)"
echo "== herald dev to ready; herald plan with nothing changed"
bench ./cmd/herald 'DevReady|PlanUnchanged' -benchtime 3x
echo "== mails through the whole pipeline to a loopback SMTP sink"
bench ./engine/delivery Pipeline
echo "== Temporal actions of the reference journey, 1,000 people (asserted by the test, printed here)"
go test -count=1 -run 'Thousand|MassEntry|Actions' -v ./workflows | grep -iE 'actions|ok ' || true
echo "== journeys simulated on one core"
bench ./engine/journey Simulate -cpu 1
echo "== templates: ours against html/template; layouts"
bench ./dsl/template 'Render|CheckMail'
bench ./dsl/template/mjml Compile
echo "== conditions: ours against cel-go's own interpreter"
bench ./dsl/expr 'Test|Oracle|Check'
echo "== people: a segment over 100,000; events dispatched"
bench ./engine/audience Select100k -benchtime 3x
bench ./engine/enrolment Dispatch
echo "== the record: import, events, commits, ledger"
bench ./engine/intake Import
bench ./engine/store/sqlite 'AppendEvents|Update|Ledger|EachRecord'
echo "== HTTP"
bench ./server 'Track|Click|LivePage'
