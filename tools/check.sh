#!/bin/sh
# Judges the code without running the features: seconds on a warm cache.
set -eu
cd "$(dirname "$0")/.."
. tools/step.sh

# Known vulnerabilities, by the database kept beside the repository when it is there: the live one may be
# out of reach.
vulnerabilities() {
	archive=$(ls ../shared/data/vulndb/*.tar.gz 2>/dev/null | tail -n 1)
	[ -n "$archive" ] || { report skipped "govulncheck: no database" "$(date +%s)"; return 0; }
	folder=$(mktemp -d)
	trap 'rm -rf "$folder"' EXIT
	tar -xzf "$archive" -C "$folder"
	index=$(find "$folder" -type d -name index | head -n 1)
	step "govulncheck" go tool -modfile=tools/go.mod govulncheck -db "file://$(dirname "$index")" ./...
}

step "gofmt" formatted
step "go vet" go vet ./...
step "rules of the house" rules
step "staticcheck" staticcheck
vulnerabilities
