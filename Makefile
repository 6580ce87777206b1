# cordon. Every target prints what it does; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GO      ?= go
BIN     := bin
MODULES := . services/ingest services/detect services/respond cmd/cordon e2e bench
CHDB    := engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so

##@ Use
.PHONY: demo up
demo: setup ## Bring everything up and run the seeded demo until ctrl-C (ONCE=1 ends by itself)
	@$(BIN)/cordon demo $(if $(ONCE),--once)

up: setup ## Run cordon with its embedded broker and store: no Docker, no configuration
	@$(BIN)/cordon up --dev

##@ Build
.PHONY: setup engine build generate tidy
setup: build engine ## All that is needed to run: the programs and the engine library

engine: $(CHDB) ## The embedded ClickHouse engine (a 178 MB package, once)
$(CHDB): engine/package-lock.json
	@echo "fetching the embedded ClickHouse engine (178 MB, once)"
	@cd engine && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

build: ## The programs, into bin/
	@test -x $(BIN)/cordon || echo "building (two to three minutes the first time)"
	@$(GO) build -o $(BIN)/ ./cmd/cordon ./services/ingest/cmd/ingest ./services/detect/cmd/detect ./services/respond/cmd/respond

generate: ## What is made from schemas/profile.yaml and the policies' METADATA
	$(GO) generate work

tidy: ## go.mod and go.sum of every module
	@for m in $(MODULES); do (cd $$m && GOWORK=off $(GO) mod tidy) || exit 1; done

##@ Test
# One goroutine over much traffic: the race detector finds nothing in these and costs minutes. `make prove` runs them.
ONE_GOROUTINE := ^Test(Differential|Mutants|Conformance|RestartAtEveryOffset|RestoreAtEveryRecord|ScanIsAReader)$$
.PHONY: test prove test-kafka test-modules lint fuzz
test: setup ## All tests, with the race detector, on the embedded broker and store
	$(GO) test -race -skip '$(ONE_GOROUTINE)' $$($(GO) list work | grep -v /cordon/e2e)
	$(GO) test ./e2e/detection ./e2e/bench/...     # one goroutine over much traffic
	$(GO) test -race ./e2e/chaos/...
	$(GO) test -race -count=1 -timeout 20m ./e2e   # whole processes: no result is reused
	@test -d "$${CORDON_SHARED:-../shared/data}" || echo "NOTE: skipped what measures against third-party data, which is not in $${CORDON_SHARED:-../shared/data}"

prove: ## The engine beside OPA over 200,000 events, OPA's own cases, restarts at every offset (3 minutes)
	$(GO) test -timeout 20m -run '$(ONE_GOROUTINE)' ./services/detect/...

test-kafka: setup kafka ## The tests that need a broker, on real Apache Kafka (Java 17)
	@deploy/kafka-test/with-kafka.sh $(GO) test -race -skip '$(ONE_GOROUTINE)' -count=1 -p 2 -timeout 20m ./wkafka ./e2e ./internal/kafkatest ./internal/stream ./services/ingest ./services/ingest/history ./services/detect ./services/respond # two at a time: they wait more than they work
	@deploy/kafka-test/with-kafka.sh $(GO) test -count=1 -run '^TestSuiteReconnect$$' ./wkafka # both brokers; watermill's own test has a data race

.PHONY: stress
stress: kafka ## watermill's suite several times at once, with the race detector, on both brokers
	STRESS_TEST_COUNT=$(or $(COUNT),3) $(GO) test -race -count=1 -timeout 30m -tags stress -run '^TestStress$$' ./wkafka
	STRESS_TEST_COUNT=$(or $(COUNT),2) deploy/kafka-test/with-kafka.sh $(GO) test -race -count=1 -timeout 30m -tags stress -run '^TestStress$$' ./wkafka

test-modules: ## Each module builds by itself and is tidy
	@for m in $(MODULES); do (cd $$m && export GOWORK=off && $(GO) build -o /dev/null ./... && $(GO) vet ./... && $(GO) mod tidy -diff) || { echo "module $$m: see above; make tidy"; exit 1; }; done

KAFKA_LIBS := .cache/kafka/libs
.PHONY: kafka
kafka: $(KAFKA_LIBS)/.done ## The jars of Apache Kafka (from Maven Central, once)
$(KAFKA_LIBS)/.done: deploy/kafka-test/pom.xml
	@echo "fetching Apache Kafka (once)"
	@mvn -q -B -f $< dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/$(KAFKA_LIBS)
	@touch $@

CHAOS := $(GO) run ./e2e/chaos -out out/chaos
CHAOS_LONG := -events 1000000 -rate 1500 -kills 250 -session 6s -lease 150s -patience 5m -all-writes
.PHONY: chaos chaos-embedded chaos-kafka chaos-short chaos-short-kafka soak
chaos: chaos-embedded chaos-kafka ## Both of the next two, half an hour

chaos-embedded: setup ## A million events on the embedded broker while 250 processes are killed and all else goes wrong (15 minutes)
	$(CHAOS) -broker embedded $(CHAOS_LONG) $(if $(SEED),-seed $(SEED))

chaos-kafka: setup kafka ## And on three nodes of Apache Kafka
	$(CHAOS) -broker apache3 $(CHAOS_LONG) $(if $(SEED),-seed $(SEED))

chaos-short: setup ## Three minutes of the same on the embedded broker
	$(CHAOS) -broker embedded -events 18000 -rate 150 -kills 16 -slack 4s -seed $(or $(SEED),1)

chaos-short-kafka: setup kafka ## And on three nodes of Apache Kafka
	$(CHAOS) -broker apache3 -events 18000 -rate 150 -kills 16 -slack 4s -seed $(or $(SEED),1)

soak: setup ## Ten minutes of steady work: goroutines and memory stay flat
	$(CHAOS) -broker embedded -events 300000 -rate 500 -kills 0 -no-recovery -every 5s -steady 1 -steady-mib 4 -keep -seed 1

FUZZTIME ?= 20s
fuzz: ## Every fuzz target for FUZZTIME each
	@$(GO) list -f '{{.Dir}}' work | while read d; do for f in $$(grep -ohs 'func Fuzz[A-Za-z0-9_]*' $$d/*_test.go | cut -c6-); do echo "$$d $$f"; (cd $$d && $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) .) || exit 1; done; done

lint: $(BIN)/golangci-lint $(BIN)/staticcheck ## gofmt, vet, staticcheck, golangci-lint
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w"; exit 1; }
	@for m in $(MODULES); do (cd $$m && $(CURDIR)/$(BIN)/golangci-lint run ./...) || exit 1; done
	@$(BIN)/staticcheck $$($(GO) list work)

$(BIN)/golangci-lint $(BIN)/staticcheck: tools/go.mod
	@echo "building the linters (once)"
	@cd tools && GOWORK=off $(GO) build -o ../$(BIN)/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint honnef.co/go/tools/cmd/staticcheck

##@ Measure
.PHONY: bench-pipeline bench-log bench-detect
bench-pipeline: setup ## Each stage and end to end, beside a bare read-and-insert loop
	@mkdir -p bench/out
	$(GO) run ./e2e/bench/pipeline -out bench/out/pipeline.json

bench-log: build kafka ## kafka-go, franz-go, watermill-kafka and wkafka side by side, on both brokers (ARGS="-run Reader -profile bench/out/profiles")
	@$(GO) run ./bench/log -out bench/out/log.json $(ARGS)

bench-detect: ## What detection costs beside parsing the event, and beside OPA (some minutes; ARGS="-rules 100 -event flat")
	@$(GO) run ./e2e/bench/detect -out bench/out/detect.json $(ARGS)

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
