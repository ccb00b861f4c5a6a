#!/bin/sh
# Runs everything: judges the code, then the tests on SQLite and on PostgreSQL, then the stories on real
# servers and a real browser. A missing server is a failure here, never a skip.
set -eu
cd "$(dirname "$0")/.."
. tools/step.sh
export CGO_ENABLED=0 PARVIS_TEST_ALL=1
begun=$(date +%s)

# Packages run in the order in which they are named: the longest at the end would run alone. Rooms run three at a time,
# since many wait for a server; stories two, since a browser waits for nothing.
longest_first() { sed -E 's#^parvis/(server|e2e/looks)$#0 &#; t; s#^parvis/(directory|e2e/signon)$#1 &#; t; s#^#2 #' | sort -s -k1,1 | cut -d' ' -f2; }

# The packages under e2e are the stories and the harness's own tests; the root's tests are the rules of the
# house; the others try one room each.
packages=$(go list ./... | longest_first)
rooms=$(echo "$packages" | grep -v -e '^parvis$' -e '^parvis/e2e')
stories=$(echo "$packages" | grep '^parvis/e2e')

# Those whose tests open a database, and so have something to say of PostgreSQL.
with_database() {
	go list -f '{{.ImportPath}} {{.Dir}}' "$@" | while read -r package dir; do
		if grep -qsE 'databasetest|servertest|PARVIS_TEST_POSTGRES' "$dir"/*_test.go; then echo "$package"; fi
	done
}

# go vet has seen everything before.
on_sqlite() { env -u PARVIS_TEST_POSTGRES go test -vet=off -count=1 -timeout 25m "$@"; }
# How pages look does not depend on the engine, and is most of what a browser's tests cost.
on_postgres() { bin/with-postgres go test -vet=off -count=1 -timeout 25m -skip "$looks" "$@"; }
looks='^Test(.*(Is|Are)ForEveryone|.*AreAccessible|.*(Is|Are)ValidAndAccessible|.*PagesAreValidHTML)$'

printf 'room: %s MB of disk, %s MB of memory\n' "$(df -Pm "${TMPDIR:-/tmp}" | awk 'NR==2{print $4}')" "$(awk '/MemAvailable/{print int($2/1024)}' /proc/meminfo)"
show "install" tools/install.sh
step "build" make build TRIM= # as the tests are compiled, so that it is done once
step "build the harness" go build -o bin/ ./e2e/servers/cmd/with-postgres
step "gofmt" formatted
show "rules of the house" rules
step "go vet" go vet ./...
step "staticcheck" staticcheck
# shellcheck disable=SC2046,SC2086 # lists of words
{
	show "rooms on SQLite" on_sqlite -p 3 $rooms
	show "rooms on PostgreSQL" on_postgres -p 3 $(with_database $rooms)
	show "stories on SQLite" on_sqlite -p 2 $stories
	again=$(with_database $stories)
	[ -z "$again" ] || show "stories on PostgreSQL" on_postgres -p 2 $again
}
report ok "everything" "$begun"
