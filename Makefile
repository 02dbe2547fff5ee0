# SPDX-License-Identifier: Apache-2.0

PREFIX ?= /usr/local
SWIFT ?= swift

REG := .build/release/reg
# SwiftPM leaves the assertions of C++ code on, and those of the TOML parser fail on input.
RELEASE := -c release --static-swift-stdlib -Xlinker -s -Xcxx -DNDEBUG
# Of several -sanitize flags Swift heeds the last; clang, for the C++ of a dependency, needs each by itself.
FUZZ := -c release --scratch-path .build/fuzz --sanitize=fuzzer --sanitize=address -Xswiftc -sanitize=fuzzer,address \
	-Xcxx -DNDEBUG
SWIFT_SOURCES := Package.swift $(wildcard Sources Tests)
SHELL_SCRIPTS := $(wildcard .ci/run .ci/fuzz) $(shell find examples -name '*.sh' 2>/dev/null)
EXAMPLES_VENV := .build/examples-venv
SERVERS := .venv/bin/python -B Tests/Servers/check.py
MODEL := python3 -B docs/model/check.py
BENCH_VENV := .build/bench/venv
PYTHON_SCRIPTS := $(shell find examples python docs Tests -name '*.py' 2>/dev/null) Tests/Servers/serve

.PHONY: build demo trainer test test-s3 test-slurm test-docker check-examples soak fuzz lint bench bench-s3 docs-pictures install clean help
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

build: ## Build the release binary, .build/release/reg
	@.ci/install-packages build
	$(SWIFT) build $(RELEASE) --product reg

demo: build ## Run the main job, then a model's life, on real data (examples/demo, examples/trainer)
	@.ci/install-packages demo trainer
	REG_BINARY='$(CURDIR)/$(REG)' examples/demo/demo.sh
	REG_BINARY='$(CURDIR)/$(REG)' examples/trainer/story.sh

trainer: build ## Train, evaluate, promote and repeat a model with PyTorch: the second half of the demo
	@.ci/install-packages trainer
	REG_BINARY='$(CURDIR)/$(REG)' examples/trainer/story.sh

test: build ## Run the tests, against the release binary
	@.ci/install-packages test servers trainer
	@examples/demo/fetch_wheels.sh digits
	$(MODEL)
	$(SERVERS)
	REG_BINARY='$(CURDIR)/$(REG)' $(SWIFT) test --disable-xctest

test-s3: build ## Run the tests of S3 against every server there is
	@.ci/install-packages test servers s3
	$(SERVERS) ceph
	REG_S3_SERVERS=all REG_BINARY='$(CURDIR)/$(REG)' $(SWIFT) test --disable-xctest --filter S3Tests

test-slurm: build ## Run the jobs of examples/slurm on a Slurm of this machine
	@.ci/install-packages slurm
	@examples/demo/fetch_wheels.sh digits
	REG_BINARY='$(CURDIR)/$(REG)' python3 -B Tests/Slurm/check.py

test-docker: build ## Build the images of examples/docker and start them, as root, in minutes
	@.ci/install-packages docker
	python3 -B Tests/Examples/image.py $(REG)

check-examples: build ## Check the examples of Docker, Kubernetes, Jenkins and GitHub, and the tutorial, and run them
	@.ci/install-packages examples trainer
	@.ci/install-python $(EXAMPLES_VENV) Tests/Examples/requirements.txt
	$(EXAMPLES_VENV)/bin/python -B Tests/Examples/check.py $(REG)
	REG_BINARY='$(CURDIR)/$(REG)' examples/trainer/story.sh >.build/story.txt 2>&1 || { cat .build/story.txt; exit 1; }
	python3 -B examples/trainer/tutorial.py .build/story.txt docs/tutorial.md

soak: build ## Run the model and the tests of faults in full, for hours
	@.ci/install-packages test servers
	$(MODEL) --soak
	REG_SOAK=1 REG_BINARY='$(CURDIR)/$(REG)' $(SWIFT) test --disable-xctest --filter 'FaultTests|S3Tests'

fuzz: ## Fuzz every parser, FUZZ_SECONDS (60) each (docs/fuzzing.md)
	@.ci/install-packages build
	REG_FUZZ=1 $(SWIFT) build $(FUZZ) --product reg-fuzz
	.ci/fuzz

lint: ## Check format and syntax of the sources and scripts
	@.ci/install-packages lint
	$(SWIFT) format lint --strict --recursive --parallel $(SWIFT_SOURCES)
	sh -n .ci/install-packages
	sh -n .ci/install-python
	for script in $(SHELL_SCRIPTS); do bash -n "$$script" || exit 1; done
	python3 -c 'import ast, sys; [ast.parse(open(f, "rb").read(), f) for f in sys.argv[1:]]' $(PYTHON_SCRIPTS)

bench: build ## Run the benchmarks, against hf-xet, restic, borg and others
	@.ci/install-packages bench trainer
	@.ci/install-python $(BENCH_VENV) examples/bench/requirements.txt
	@.ci/install-python $(BENCH_VENV) examples/bench/finetune.txt
	@examples/demo/fetch_wheels.sh digits
	$(SWIFT) build $(RELEASE) --product reg-bench
	.build/release/reg-bench .build
	$(BENCH_VENV)/bin/python -B examples/bench/finetune.py .build/bench/minilm
	$(BENCH_VENV)/bin/python -B Tests/EndToEndTests/Fixtures/figures.py $(REG) $(foreach type,fp32 fp16 bf16, \
		$(addprefix .build/bench/minilm/,base-$(type).safetensors step-300-$(type).safetensors))
	python3 -B examples/bench/storage.py $(REG) $(BENCH_VENV) .build/bench --plot docs/storage.svg
	python3 -B examples/bench/loader.py $(REG) .build/demo/wheels .build/bench

bench-s3: build ## Run those of S3, against s5cmd, restic and dvc
	@.ci/install-packages servers bench
	@.ci/install-python $(BENCH_VENV) examples/bench/requirements.txt
	python3 -B examples/bench/s3.py $(REG) $(BENCH_VENV) .build/bench

docs-pictures: build ## Take the pictures of docs/diff.md, and the output and picture of docs/tutorial.md
	@.ci/install-packages test trainer
	python3 -B examples/diff/picture.py $(REG) .build/diff.html docs/diff.png
	REG_BINARY='$(CURDIR)/$(REG)' examples/trainer/story.sh >.build/story.txt 2>&1
	python3 -B examples/diff/take.py .build/trainer/run/diff.html docs/tutorial.png 1130
	python3 -B examples/trainer/tutorial.py .build/story.txt docs/tutorial.md --write

install: $(REG) ## Copy the binary to PREFIX/bin (PREFIX=/usr/local)
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 $(REG) '$(DESTDIR)$(PREFIX)/bin/reg'

$(REG):
	$(MAKE) build

clean: ## Remove everything that was built or fetched
	rm -rf .build .venv

help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r target text; do \
		printf 'make %-14s %s\n' "$$target" "$$text"; done
