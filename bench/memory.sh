#!/bin/sh
# The memory of a fresh demo with its children (PSS: shared pages count once), sampled every 50 ms from its start
# until the child that reads files has ended. usage: bench/memory.sh [STARTS]
set -eu
export LC_ALL=C
program=$(dirname "$0")/../bin/parvis
for _ in $(seq "${1:-5}"); do
	folder=$(mktemp -d)
	"$program" demo --data "$folder" --listen 127.0.0.1:0 >/dev/null &
	parent=$! peak=0 child=0 children='' seen=''
	while kill -0 "$parent" 2>/dev/null; do
		children=$(pgrep -P "$parent" || true)
		[ -z "$children" ] && [ -n "$seen" ] && break
		seen=$children$seen
		sizes=$(for process in $children "$parent"; do
			awk '$1 == "Pss:" { print $2 }' "/proc/$process/smaps_rollup" 2>/dev/null || echo 0
		done)
		sum=$(echo "$sizes" | awk '{ sum += $1 } END { print sum }') && [ "$sum" -gt "$peak" ] && peak=$sum
		own=$(echo "$sizes" | awk '{ sum += last; last = $1 } END { print sum + 0 }') && [ "$own" -gt "$child" ] && child=$own
		sleep 0.05
	done
	kill "$parent"
	wait "$parent" || true
	rm -r "$folder"
	echo "peak $((peak / 1024)) MB, of the child alone $((child / 1024)) MB"
done
