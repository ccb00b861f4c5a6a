#!/bin/sh
# Writes the communes, intercommunalities and départements that Parvis ships, from one pinned release of Etalab's
# data. It runs by go generate ./portal/territory, once a year, when a new release is out.
set -eu
cd "$(dirname "$0")"
version=6.0.0
sum=c189ffd5b33fe40c2f19e1a923ce557f190622f39228745d3195d746dfe00c4a
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && npm pack --silent "@etalab/decoupage-administratif@$version" >/dev/null)
archive="$folder/etalab-decoupage-administratif-$version.tgz"
echo "$sum  $archive" | sha256sum -c --quiet
tar -xzf "$archive" -C "$folder"
go run ./territory "$folder/package/data" >../portal/territory/places.deflate
