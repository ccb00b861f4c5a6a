# What a developer does with Parvis. Try: make help
export CGO_ENABLED = 0

LISTEN ?= 127.0.0.1:8080
DATA ?=
TRIM ?= -trimpath
FUZZTIME ?= 10s

.PHONY: help demo build test check bench bench-sso bench-dav fuzz fmt install clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
	@echo "  Variables: LISTEN=$(LISTEN) DATA=folder (demo), FUZZTIME=$(FUZZTIME) (fuzz)"

build: ## Build bin/parvis
	@go build $(TRIM) -ldflags '-s -w' -o bin/parvis ./cmd/parvis

demo: build ## Serve the demonstration on LISTEN, kept in DATA if given
	@bin/parvis demo --listen $(LISTEN) $(if $(DATA),--data $(DATA))

test: ## Install what is missing, then run everything, on SQLite and on PostgreSQL
	@tools/test.sh

check: ## Judge the code without running it: fast, before each commit
	@tools/check.sh

bench: build install ## Measure, as docs/performance.md tells
	@if ls bench/*.go >/dev/null 2>&1; then go run ./bench; fi
	@if [ -d bench ]; then go test -run '^$$' -bench . -benchmem ./bench/... ./search/extract; fi
	@go test ./server -count 1 -v -timeout 60m -run RaceByEveryDoor -rounds 1000 | grep -v level=INFO
	@bench/memory.sh

# What LemonLDAP::NG needs to sign in by LDAP and to be a CAS server and an OpenID provider.
LEMONLDAP = lemonldap-ng-fastcgi-server liblemonldap-ng-portal-perl libconvert-base32-perl libgd-securityimage-perl \
	libimage-magick-perl libio-socket-timeout-perl libio-string-perl libmime-tools-perl libnet-ldap-perl libstring-random-perl \
	libunicode-string-perl libwww-perl

bench-sso: build ## Measure single sign-on beside LemonLDAP::NG
	@tools/install.sh $(LEMONLDAP)
	@go test ./bench/sso -run '^$$' -bench . -benchtime 2s
	@go test ./bench/signon -run '^$$' -bench Beside -benchtime 500x
	@PARVIS_LOAD=5m go test ./bench/signon -run '^$$' -bench Load -benchtime 1x -timeout 30m

bench-dav: build install ## Measure the DAV door beside Radicale, and judge both by the probe
	@go run ./bench/dav

fuzz: ## Run each fuzz target for FUZZTIME
	@tools/fuzz.sh $(FUZZTIME)

fmt: ## Format the Go code
	@go tool -modfile=tools/go.mod gofumpt -w $$(git ls-files --cached --others --exclude-standard '*.go')

install: ## Install real servers, a browser and checkers for the tests
	@tools/install.sh

clean: ## Remove what was built
	@rm -rf bin
