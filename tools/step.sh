# Sourced by the scripts beside it. A step is one line of report: what it is, ok or failed, its seconds.
# The script ends at the first step that fails.

# step NAME COMMAND… keeps the command's output back, and shows it when the command fails.
step() {
	name=$1
	shift
	started=$(date +%s)
	output=$(mktemp)
	if "$@" >"$output" 2>&1; then
		report ok "$name" "$started"
		rm -f "$output"
	else
		cat "$output"
		rm -f "$output"
		report FAILED "$name" "$started"
		exit 1
	fi
}

# show NAME COMMAND… lets the command's output through.
show() {
	name=$1
	shift
	started=$(date +%s)
	if "$@"; then
		report ok "$name" "$started"
	else
		report FAILED "$name" "$started"
		exit 1
	fi
}

report() { printf '%-6s %-28s %4d s\n' "$1" "$2" $(($(date +%s) - $3)); }

go_files() { git ls-files --cached --others --exclude-standard '*.go'; }

formatted() {
	unformatted=$(go_files | xargs gofmt -l)
	[ -z "$unformatted" ] || { printf 'run make fmt: %s\n' "$unformatted"; return 1; }
}

staticcheck() { go tool -modfile=tools/go.mod staticcheck ./...; }

# The house's own rules: arrows between rooms, collectivities in SQL. They are the root's tests.
rules() { go test -count=1 .; }
