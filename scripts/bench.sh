#!/usr/bin/env bash
# The figures of docs/benchmarks.md, side by side in one run on this machine.
# Nothing else should run beside it:
#
#   bash scripts/bench.sh            all but the full size
#   bash scripts/bench.sh -full      with a million people and twenty million events,
#                                    against PostgreSQL and SQLite (some 15 minutes)
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
echo "== segments over 100,000 people: by records, by columns, by SQL; one person, 100 segments"
bench ./engine/audience Select100k -benchtime 3x
bench ./engine/audience/vector 'Select|Hundred'
bench ./engine/audience/pushdown Select -benchtime 3x
bench ./engine/audience/index 'Build|Advance|TestEach'
bench ./engine/audience/overlap Look
echo "== events dispatched with 100 live segments; people moved by time; why"
bench ./engine/enrolment 'Dispatch|Wake|Expiry' -benchtime 8x
bench ./engine/audience/explain Operands
if [ "${1:-}" = -full ]; then
	echo "== a million people, twenty million events: memory and snapshot; columns against PostgreSQL and SQLite"
	export HERALD_BENCH_FULL=1
	bench ./engine/audience/index Full -benchtime 1x -timeout 60m
	HERALD_BENCH_DATABASES=1 go test -run '^$' -bench AgainstDatabases -benchtime 1x -timeout 60m ./engine/audience/vector | grep -v '^\(goos\|goarch\|pkg\|cpu\|PASS\)'
	unset HERALD_BENCH_FULL
fi
echo "== the record: import, events, commits, ledger; SQLite, then PostgreSQL"
bench ./engine/intake 'Import|Understand'
bench ./engine/store/sqlite 'Append|Identify|Move|Shift|Update|Ledger|EachRecord|EachEvent'
bench ./engine/store/postgres .
echo "== lint of 10,000 segments"
bench ./dsl/lint Run10k -benchtime 1x
echo "== HTTP"
bench ./server 'Track|Click|LivePage'
