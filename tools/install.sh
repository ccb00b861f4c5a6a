#!/bin/sh
# Installs what the tests need beside Go, Node, make and git: real servers and a browser from Debian,
# and the programs of e2e/package.json from npm. What is there already is left alone.
# Services are not started: the tests start their own, on loopback and in temporary folders.
#
#	tools/install.sh [package...]     and these, for a benchmark beside a peer
set -eu
cd "$(dirname "$0")/.."

debian="apache2 cadaver caddy chromium dovecot-imapd fonts-noto-core default-jre-headless exim4-daemon-light ldap-utils libapache2-mod-auth-cas libapache2-mod-auth-openidc lua-socket nginx php-cas php-cli php-curl php-xml poppler-utils postgresql samba-ad-dc samba-ad-provision slapd khal khard python3-caldav radicale thunderbird todoman vdirsyncer wrk $*"

say() { printf 'install: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

is_installed() {
	case $1 in
	default-jre-headless) command -v java >/dev/null ;; # any Java will do
	*) [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
	esac
}

# A package that starts its service would take a port and outlive the tests: while we install,
# policy-rc.d refuses starts, unless the machine has its own policy.
refuse_service_starts() {
	[ -e /usr/sbin/policy-rc.d ] && return
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
}

install_debian() {
	command -v dpkg-query >/dev/null || fail "not a Debian machine: install by hand: $debian"
	missing=
	for package in $debian; do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || { say "Debian packages are there"; return; }
	[ "$(id -u)" = 0 ] || fail "run as root once to install:$missing"
	say "Debian packages:$missing"
	refuse_service_starts
	log=$(mktemp)
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # a list of words
	if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		fail "apt-get failed, its last lines are above"
	fi
	rm -f "$log"
}

# The lock file's own sum, kept in node_modules, tells whether npm has work to do.
install_npm() {
	for program in node npm; do
		command -v "$program" >/dev/null || fail "$program is missing: install Node.js 20 or newer"
	done
	stamp=e2e/node_modules/.installed
	sum=$(sha256sum e2e/package-lock.json)
	if [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ]; then
		say "npm packages are there"
		return
	fi
	say "npm packages of e2e/package-lock.json"
	(cd e2e && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
	printf '%s\n' "$sum" >"$stamp"
}

install_debian
install_npm
