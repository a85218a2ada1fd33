"""A sync with a store in its source keeps its promises through the random histories of ``tests/target``."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from target_talon_one.sync.run import SyncRun
from tests.examples import mostly_slow
from tests.target.source_databases import SourceDatabase
from tests.target.test_machine import _RETRY, ATTRIBUTES, DESTINATIONS, Machine

_NAMES = ("id", "version", *ATTRIBUTES, "_sdc_deleted_at")


class SourceMachine(Machine):
    """The machine with a table as the source, in a database that holds the store, too."""

    _everything = False

    def _run(self, command, check=lambda: None):
        database = self._database()
        database.fill(", ".join(f"{column} varchar" for column in _NAMES), _rows(self))
        return _Opened(self.engine, database, command, check)

    def _database(self):
        return SourceDatabase(f"duckdb:///{self.engine.folder}/source.duckdb")

    def _read(self, run, *, complete=True):
        del complete  # a table is always read to its end
        return self._database().read(run, run._store, self.given, everything=self._everything)

    def _push(self, check, *, complete=True, heal=False):
        del complete
        self._everything = heal
        try:
            return super()._push(check, heal=heal)
        finally:
            self._everything = False


class _Opened:
    """A client, a store and a run, over a table with the rows of the machine."""

    def __init__(self, engine, database, command, check):
        self._engine, self._database, self._command, self._check = engine, database, command, check

    def __enter__(self):
        self._client = self._engine.client(retry=_RETRY).__enter__()
        self._store = self._database.store()
        options = self._engine.options(concurrency=1)
        self._run = SyncRun(self._client, self._store, options, command=self._command, check=self._check)
        return self._run, self._store

    def __exit__(self, *error):
        try:
            self._run.__exit__(*error)
        finally:
            self._store.close()
            self._client.__exit__(*error)


def _rows(machine):
    rows = [*machine.source.values(), *({"id": key, "_sdc_deleted_at": "2026-01-01"} for key in sorted(machine.marked))]
    return [f"({', '.join(_literal(row.get(name)) for name in _NAMES)})" for row in rows]


def _literal(value):
    return "NULL" if value is None else f"'{value}'"


def _walk(emulator, name, *, examples, steps):
    run_state_machine_as_test(
        type("Machine", (SourceMachine,), {"emu": emulator, "given": DESTINATIONS[name]}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=examples < 20,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("name", mostly_slow(DESTINATIONS, {"members, mirrored"}))
def test_a_sync_keeps_its_promises_through_a_short_random_history(server, name):
    """A few fixed histories end with the promises kept."""
    _walk(server, name, examples=2, steps=15)


@pytest.mark.slow
@pytest.mark.parametrize("name", DESTINATIONS)
def test_a_sync_keeps_its_promises_through_many_long_histories(server, name):
    """Many histories, different in each run of the test, end with the promises kept."""
    _walk(server, name, examples=60, steps=40)
