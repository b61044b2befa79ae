# make chat   sets everything up and opens the chat on port 8501   (CORPUS=folder, PORT=number)
# make test   sets everything up and runs the tests
# make venv   only sets up
# make load   twenty readers at once for two minutes: errors, waiting times, memory (docs/load.md)
# make peers     measures other search engines on the same data (in an environment of its own, see docs/peers.md)
# make optional  LangChain's standard tests, mteb's own harness, a served model (in the same environment)

PYTHON ?= python3
CORPUS ?= $(or $(BELEG_CORPUS),corpus)
PORT ?= 8501
SHARED ?= ../shared
PEERS ?= $(HOME)/.cache/beleg/peers
BIN := .venv/bin

.PHONY: chat test venv lint pictures load peers optional

chat: venv
	$(BIN)/python -m rag build --corpus "$(CORPUS)"
	@$(PYTHON) -c "import socket; socket.create_server(('127.0.0.1', $(PORT))).close()" 2>/dev/null \
	  || { echo "Port $(PORT) is busy; take another one: make chat PORT=8502" >&2; exit 1; }
	BELEG_CORPUS="$(CORPUS)" $(BIN)/streamlit run app.py --server.port $(PORT)

test: .venv/.dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy

pictures: .venv/.dev
	PYTHONPATH=. $(BIN)/python docs/pictures/take.py

load: .venv/.dev
	PYTHONPATH=. $(BIN)/python benchmarks/load.py --json benchmarks/results/load.json $(ARGS)

peers: $(PEERS)/venv/.run
	$(PEERS)/venv/bin/python -m benchmarks.peers --shared "$(SHARED)" --cache "$(PEERS)" $(ARGS)

optional: $(PEERS)/venv/.run
	$(PEERS)/venv/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/optional/requirements.txt
	HF_HUB_OFFLINE=1 PYTHONPATH=. $(PEERS)/venv/bin/python -m pytest -c benchmarks/optional/pytest.ini --rootdir . \
	  benchmarks/optional

$(PEERS)/venv/.run: requirements.txt benchmarks/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)/venv
	$(PEERS)/venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt \
	  -r benchmarks/peers/requirements.txt
	touch $@

venv: .venv/.run

.venv/bin/pip:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	  || { echo "Beleg needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c "import ensurepip" 2>/dev/null \
	  || { echo "The module venv is missing: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.run: requirements.txt | .venv/bin/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/.dev: requirements-dev.txt requirements.txt | .venv/bin/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch .venv/.run $@
