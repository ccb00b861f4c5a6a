#!/bin/sh
# Runs each fuzz target for a time (argument 1: "10s"). What it finds is kept in the package's testdata.
set -eu
cd "$(dirname "$0")/.."
. tools/step.sh
export CGO_ENABLED=0

git grep --untracked -hE -o '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' >/dev/null || { echo "no fuzz target"; exit 0; }
git grep --untracked -E -o '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' | while IFS=: read -r file target; do
	target=${target#func }
	package=./$(dirname "$file")
	step "$package $target" go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 20x "$package"
done
