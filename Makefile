# `make demo` and `make test` are the README's two commands. Each does only what is out of date.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo machine test e2e peers lab lab-part lab-shell root lint

sources := $(shell find src bin scripts -type f 2>/dev/null) tsconfig.json tsconfig.build.json package.json

help:
	@echo 'make demo   install, build, and diagnose a recorded cluster whose VIP nobody can reach'
	@echo 'make test   install what the tests need, and run them'
	@echo 'make e2e    the suites that need Go and Python besides'
	@echo 'make peers  the tracer against the packet-flow tests of kube-proxy (root, Go)'
	@echo 'make lab    breaks a real cluster out of network namespaces in every way that vipdoctor can name (root, Go, Python)'
	@echo 'make lab-part  a part of it, in a few minutes'
	@echo 'make lab-shell  the same cluster with one thing broken, and a prompt'
	@echo 'make lint   format, lint and types'

node_modules/.package-lock.json: package-lock.json package.json
	npm ci --no-audit --no-fund
	@touch $@

oclif.manifest.json: node_modules/.package-lock.json $(sources)
	npm run --silent build
	@touch $@

demo: oclif.manifest.json
	@echo '$$ vipdoctor check 10.240.0.100 --bundle fixtures/bundles/hard-way-l2.tar.gz'
	@bin/run.js check 10.240.0.100 --bundle fixtures/bundles/hard-way-l2.tar.gz; code=$$?; \
	echo "(exit code $$code: 1 is \"unreachable, and a cause was found\")"; test $$code -eq 1

# The system's packages come first: npm builds the optional package cap only where a compiler and libpcap's headers are.
machine:
	@scripts/install-system-packages
	@$(MAKE) --silent oclif.manifest.json
	@scripts/build-cap

test: machine
	npm test --silent

e2e: machine
	npm run --silent e2e

peers: machine
	@scripts/peers

root:
	@test "$$(id -u)" = 0 || { echo 'The lab needs root on Linux: it makes namespaces.' >&2; exit 2; }

lab: root machine
	@node scripts/run-ts.js test/lab/cluster/main.ts --out docs/accuracy.md $(LAB)

lab-part: machine
	@node scripts/run-ts.js test/lab/cluster/main.ts --smoke --or-skip $(LAB)

lab-shell: root machine
	@node scripts/run-ts.js test/lab/cluster/main.ts --shell $(LAB)

lint: node_modules/.package-lock.json
	npm run --silent format
	npm run --silent lint
	npm run --silent types
