# Each target is complete by itself: it does the set-up that it needs. On Windows see README.md.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
RUN = .venv/bin/python
DEMO = demo
# CPU-only PyTorch: make setup TORCH_INDEX=<address of PyTorch's index of CPU wheels>
TORCH_INDEX ?=

.PHONY: setup demo run test bench clean

setup:
	@$(PYTHON) tools/setup_environment.py $(if $(TORCH_INDEX),--torch-index $(TORCH_INDEX))

demo: setup
	@test -f $(DEMO)/squama.db || $(RUN) main.py demo $(DEMO)
	$(RUN) main.py --workspace $(DEMO)

run: setup
	$(RUN) main.py

test: setup
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	.venv/bin/lint-imports
	QT_QPA_PLATFORM=offscreen $(RUN) -m pytest $(PYTEST)

bench: setup
	$(RUN) -m benchmarks $(if $(FULL),--full)

clean:
	rm -rf .venv $(DEMO)
