#!/bin/sh
# Runs everything: judges the code, then the tests on SQLite and on PostgreSQL, then the stories on real
# servers and a real browser. A missing server is a failure here, never a skip.
set -eu
cd "$(dirname "$0")/.."
. tools/step.sh
export CGO_ENABLED=0 PARVIS_TEST_ALL=1
begun=$(date +%s)

# The packages under e2e are the stories and the harness's own tests; the others try one room each.
rooms() { go list ./... | grep -v '/e2e'; }
stories() { go list ./e2e/...; }

# Those whose tests open a database, and so have something to say of PostgreSQL.
with_database() {
	xargs go list -f '{{.Dir}}' | while read -r dir; do
		if grep -qsE 'databasetest|servertest|PARVIS_TEST_POSTGRES' "$dir"/*_test.go; then echo "$dir"; fi
	done
}

on_sqlite() { env -u PARVIS_TEST_POSTGRES go test -count=1 -timeout 15m "$@"; }
on_postgres() { bin/with-postgres go test -count=1 -timeout 15m "$@"; }

show "install" tools/install.sh
step "build" make build
step "build all" go build -o bin/ ./e2e/servers/cmd/with-postgres
step "gofmt" formatted
step "go vet" go vet ./...
step "staticcheck" staticcheck
show "rules of the house" rules
show "rooms on SQLite" on_sqlite $(rooms)
show "rooms on PostgreSQL" on_postgres $(rooms | with_database)
show "stories on SQLite" on_sqlite $(stories)
again=$(stories | with_database)
[ -z "$again" ] || show "stories on PostgreSQL" on_postgres $again
report ok "everything" "$begun"
