# All set-up is here: each target installs what it needs beside Go.
export CGO_ENABLED = 0

GO ?= go
BIN := bin/restspace

.PHONY: run build test lint bench bench-http deps clean

run: build ## build, and serve ./services.json
	./$(BIN) serve

build: ## build bin/restspace
	$(GO) build -trimpath -ldflags='-s -w' -o $(BIN) ./runtime/cmd/restspace

test: ## all tests, with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 10m ./...

lint: ## gofmt, vet, staticcheck, and the order of the layers
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "gofmt: the files above are not formatted: run gofmt -w on them"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test -count=1 ./runtime/layers

bench: ## benchmarks of every hot path, with allocations
	$(GO) test -run='^$$' -bench=. -benchmem ./...

bench-http: build deps ## the server against bare ones, over HTTP (some minutes)
	$(GO) run ./runtime/benchhttp -restspace $(BIN)

deps: ## programs that bench-http needs
	@command -v wrk >/dev/null || { apt-get update -qq && apt-get install -y -qq wrk; }

clean:
	rm -rf bin
