# All set-up is here: each target installs what it needs beside Go.
export CGO_ENABLED = 0

GO ?= go
BIN := bin/restspace
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/restspace
S3SERVER := $(CACHE)/versitygw-v1.8.0
CADDY := $(CACHE)/caddy-v2.11.9

NODE := adaptors/plugin/languages/node examples/plugin-node

S3 := 127.0.0.1:7070
# A module of its own.
REDIS := examples/plugin-redis
PYTHON := python3-grpcio python3-protobuf python3-cryptography

.PHONY: help run run-s3 run-contacts-s3 build test testdeps lint attack fuzz release release-check image soak soak-reload soak-large soak-plugins crash cluster bench bench-http peers deps clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1	\2/p' Makefile | while IFS='	' read -r target text; do printf '%-16s %s\n' "$$target" "$$text"; done

run: build ## build, and serve ./services.json
	./$(BIN) serve

# What it keeps a bucket in is a directory.
run-s3: export AWS_ACCESS_KEY_ID ?= try
run-s3: export AWS_SECRET_ACCESS_KEY ?= try-secret
run-s3: $(S3SERVER) ## the S3 server of the tests, with the bucket shop: see deploy/README.md
	@mkdir -p data/s3/shop
	@exec $(S3SERVER) --port $(S3) --access $$AWS_ACCESS_KEY_ID --secret $$AWS_SECRET_ACCESS_KEY --quiet posix data/s3

# The test of examples/contacts does the same with servers of its own.
run-contacts-s3: export AWS_ACCESS_KEY_ID = contacts
run-contacts-s3: export AWS_SECRET_ACCESS_KEY = contacts-secret
run-contacts-s3: build $(S3SERVER) ## build, and serve examples/contacts/s3.json with an S3 server
	@cd examples/contacts && mkdir -p data/s3/contacts && \
	{ $(S3SERVER) --port $(S3) --access $$AWS_ACCESS_KEY_ID --secret $$AWS_SECRET_ACCESS_KEY --quiet --health /health posix data/s3 >&2 & } && \
	trap "kill $$! 2>/dev/null" EXIT && trap : INT TERM && \
	until curl -sfo /dev/null http://$(S3)/health; do kill -0 $$! && sleep 0.1 || exit 1; done && \
	$(CURDIR)/$(BIN) serve --config s3.json

build: ## build bin/restspace
	$(GO) build -trimpath -ldflags='-s -w' -o $(BIN) ./runtime/cmd/restspace

test: testdeps ## all tests, with the race detector
	CGO_ENABLED=1 $(GO) test -race -timeout 10m ./...
	CGO_ENABLED=1 $(GO) test -C $(REDIS) -race -timeout 5m ./...

lint: ## gofmt, vet, staticcheck, and the order of the layers
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "gofmt: the files above are not formatted: run gofmt -w on them"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -C $(REDIS) ./...
	$(GO) tool staticcheck ./...
	$(GO) test -count=1 ./runtime/layers

attack: ## all attacks of runtime/attacks; the last line counts them
	@$(GO) test -count=1 -timeout 20m -v ./runtime/attacks > attack.log 2>&1 || { grep -E '^ *(--- FAIL|panic)|_test.go:' attack.log; exit 1; }
	@grep -oE '[a-z]+ +[0-9]+ run,.*|[0-9]+ rows:.*' attack.log; rm attack.log

FUZZTIME := 5000x
FUZZED = $(shell grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u)

# One program for all targets of a package. What is found stays in the cache of Go,
# but for what fails: that is written to testdata/fuzz, and is to be committed.
fuzz: ## each fuzz target for FUZZTIME: a number of inputs as in 5000x, or a time as in 30s; the last line counts them
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && cache=$$($(GO) env GOCACHE)/fuzz && count=0 && failed= && \
	for package in $(FUZZED); do \
		$(GO) test -c -fuzz=. -o $$dir/fuzz $$package || exit 1; \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' $$package/*_test.go); do \
			count=$$((count + 1)); \
			(cd $$package && $$dir/fuzz -test.run='^$$' -test.fuzz="^$$name$$" -test.fuzztime=$(FUZZTIME) -test.fuzzminimizetime=100x \
				-test.fuzzcachedir=$$cache/$$($(GO) list) -test.timeout=30m) > $$dir/log 2>&1 || { cat $$dir/log; failed="$$failed $$package.$$name"; }; \
		done; \
	done; \
	if test -n "$$failed"; then echo "FAILED:$$failed"; exit 1; fi; echo "$$count fuzz targets, $(FUZZTIME) each: none failed"

SOAK := 30m

soak: ## for SOAK: a server at 60 % of its capacity, a reload each 10 seconds, a plugin that is killed each 30: nothing grows, and no answer is wrong
	RESTSPACE_SOAK_TIME=$(SOAK) $(GO) test -count=1 -timeout 0 -run='^TestSoak$$' -v ./runtime/soak

soak-reload: ## 1,000 reloads beside 500 requests a second (about a minute)
	RESTSPACE_SOAK=1 $(GO) test -count=1 -timeout 10m -run='^TestReloadsUnderLoad$$' -v ./runtime

soak-large: $(S3SERVER) ## a file of 1 GiB to a bucket and back, with less than 100 MiB of memory
	RESTSPACE_SOAK=1 $(GO) test -count=1 -timeout 10m -run='^TestScripts$$/^serve-large$$' -v ./runtime/cmd/restspace

soak-plugins: ## 1,000 plugins that are killed in the middle of their use (some minutes)
	RESTSPACE_SOAK=1 $(GO) test -count=1 -timeout 30m -run='^TestThousandKills$$' -v ./adaptors/plugin/host

crash: testdeps ## servers that are killed, disks that lose power or are full, system calls that fail, and stores side by side (some minutes)
	RESTSPACE_CRASH=1 $(GO) test -count=1 -timeout 30m -v ./runtime/crash
	RESTSPACE_CRASH=1 $(GO) test -count=1 -timeout 10m -v -run='^TestStoresAgree' ./adaptors/all

cluster: testdeps ## three servers on one bucket that are killed, restarted, cut off and given other configurations under load (some minutes)
	RESTSPACE_CLUSTER=1 $(GO) test -count=1 -timeout 30m -v ./runtime/cluster

bench: $(S3SERVER) ## benchmarks of every hot path, with allocations; x-of-raw is the rate beside bare calls
	$(GO) test -run='^$$' -bench=. -benchmem ./...

bench-http: build deps ## the server against bare ones, over HTTP (some minutes)
	$(GO) run ./runtime/benchhttp -restspace $(BIN)

testdeps: $(S3SERVER) $(NODE:%=%/node_modules/.package-lock.json) ## what the tests need: a C compiler, curl and Redis; an S3 server, Chromium, Node, Python, strace and mounts where they can be had
	@for p in gcc:gcc curl:curl strace:strace mkfs.ext4:e2fsprogs mkfs.xfs:xfsprogs redis-server:redis-server chromium:chromium; do command -v $${p%%:*} >/dev/null || missing="$$missing $${p##*:}"; done; \
	/usr/bin/python3 -c "import grpc, google.protobuf, cryptography" 2>/dev/null || missing="$$missing $(PYTHON)"; \
	test -z "$$missing" || { echo "installing$$missing"; apt-get update -qq && apt-get install -y -qq $$missing libc6-dev >/dev/null; } || \
	echo "NOT INSTALLED:$$missing: tests that need them are skipped, or fail"

$(S3SERVER): # built once, in a minute or more and without the race detector
	@echo "building the S3 server of the tests"
	@cd adaptors/s3store/testserver && $(GO) build -trimpath -ldflags='-s -w' -o $@ github.com/versity/versitygw/cmd/versitygw || \
	echo "NOT BUILT: $@: tests that need an S3 server are skipped"

%/node_modules/.package-lock.json: %/package-lock.json # what plugins in Node need
	@echo "installing the packages of $*"
	@command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq nodejs npm >/dev/null; }; \
	npm ci --prefix $* --ignore-scripts --no-audit --no-fund --loglevel=error || \
	echo "NOT INSTALLED: the packages of $*: its tests are skipped"

deps: ## programs that bench-http and peers need
	@command -v wrk >/dev/null || { apt-get update -qq && apt-get install -y -qq wrk; }

FIGURES := examples/figures

peers: build deps $(CADDY) ## restspace beside nginx and Caddy, into examples/figures and the README (some minutes)
	@command -v nginx >/dev/null || { apt-get update -qq && apt-get install -y -qq nginx-light; }
	$(GO) run ./runtime/benchhttp peers -restspace $(BIN) -caddy $(CADDY) -to $(FIGURES) -readme README.md

$(CADDY): # built once, in a minute or more
	@echo "building Caddy"
	@GOBIN=$(@D)/new $(GO) install -trimpath -ldflags='-s -w -X github.com/caddyserver/caddy/v2.CustomVersion=$(@F:caddy-%=%)' github.com/caddyserver/caddy/v2/cmd/caddy@$(@F:caddy-%=%)
	@mv $(@D)/new/caddy $@ && rmdir $(@D)/new

RELEASES := linux-amd64 linux-arm64 darwin-arm64
# Whatever GOFLAGS and the like say here.
RELEASE := GOEXPERIMENT= GOAMD64=v1 GOARM64=v8.0 $(GO) build -trimpath -buildvcs=auto -ldflags='-s -w -buildid='

# The same bytes from the same commit and the same Go, wherever it is built.
release: ## static binaries and their checksums, in dist
	@rm -rf dist && mkdir dist
	@for r in $(RELEASES); do \
		GOOS=$${r%-*} GOARCH=$${r#*-} $(RELEASE) -o dist/restspace-$$r ./runtime/cmd/restspace || exit 1; \
	done
	@cd dist && sha256sum restspace-* | tee SHA256SUMS

release-check: ## two releases from two clones, which have to be the same
	RESTSPACE_RELEASE=1 $(GO) test -count=1 -timeout 20m -run='^TestReleasesAreTheSame$$' -v ./examples

IMAGE := bin/image

image: ## what deploy/Dockerfile is built of, and the image where there is Docker
	@rm -rf $(IMAGE) && mkdir -p $(IMAGE)/data
	$(RELEASE) -o $(IMAGE)/restspace ./runtime/cmd/restspace
	@cp /etc/ssl/certs/ca-certificates.crt $(IMAGE)/ 2>/dev/null || { echo "no /etc/ssl/certs/ca-certificates.crt: install ca-certificates"; exit 1; }
	@docker info >/dev/null 2>&1 && docker build -f deploy/Dockerfile -t restspace $(IMAGE) || \
	echo "NOT BUILT: there is no Docker here: docker build -f deploy/Dockerfile -t restspace $(IMAGE)"

clean:
	rm -rf bin dist
