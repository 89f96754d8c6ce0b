# What people type. `make help` lists it.

PYTHON := .venv/bin/python
STACK := $(PYTHON) -m deploy.localstack
COMPILE := CUSTOM_COMPILE_COMMAND="make requirements" $(PYTHON) -m piptools compile --quiet --generate-hashes \
	--strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests up down status logs demo test test-deep lint types bench requirements

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what is missing (RabbitMQ, mongod, .venv); the other targets do it by themselves
	@deploy/setup.sh

setup-tests: ## the same, and what only tests need: Node and its modules, a mail server
	@deploy/setup.sh tests

up: setup ## start the local stack; SCALE="dispatch=2 notify=2" for more replicas
	@$(STACK) up $(addprefix --scale=,$(SCALE))

down: setup ## stop it; its data stay
	@$(STACK) down

status: setup ## what runs, and what has died with which last words
	@$(STACK) status

logs: setup ## the end of the logs and what follows; PROCESS=dispatch-worker for one of them
	@$(STACK) logs --follow $(PROCESS)

demo: setup ## play real incidents through the loop on a stack of its own; ARGS=--keep leaves it up
	@$(PYTHON) -m deploy.demo $(ARGS)

test: setup-tests ## all tests but the deep ones; ARGS="tests/unit -k hold" for some of them
	@$(PYTHON) -m pytest $(ARGS)

test-deep: setup-tests ## the long property and fault runs
	@$(PYTHON) -m pytest -m deep $(ARGS)

lint: setup ## ruff: rules and form
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .

types: setup ## mypy, strict
	@$(PYTHON) -m mypy

bench: setup-tests ## measure throughput, latency and memory
	@$(PYTHON) -m tests.bench

requirements: setup ## pin requirements/*.in anew, with hashes
	@cd requirements && for each in runtime simulation dev; do \
		$(subst .venv,../.venv,$(COMPILE)) --upgrade --output-file $$each.txt $$each.in || exit 1; done
