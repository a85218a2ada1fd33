"""A sync through random histories of changes, foreign writes, crashes, refusals and replays keeps its promises.

- Nothing that somebody else has put there is removed or changed.
- No old value comes back: what is there of a row is never replaced by an older version of it.
- A replay adds nothing that a later push did not have in its source.
- Every row that was read is accounted for.
- After a last good push the destination is the source, and what is foreign.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from talon_one_client.errors import TalonOneError
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import SyncConfigError, SyncError
from target_talon_one.store.opening import open_store
from target_talon_one.sync.replay import forget_retried, retry
from target_talon_one.sync.run import SyncRun
from target_talon_one.sync.verify import Verification
from tests.examples import mostly_slow
from tests.target.conftest import Engine
from tests.target.store_content import acknowledged_keys

if TYPE_CHECKING:
    from talon_one_emulator import Emulator

KEYS = st.sampled_from([f"k-{n}" for n in range(3)])
FOREIGN = st.sampled_from([f"f-{n}" for n in range(2)])
FAULTS = st.sampled_from(["500", "503", "drop_before", "drop_after", "truncate"])
ATTRIBUTES = tuple(f"a{n}" for n in range(12))
GUARDS = {"max_delete_share": 1, "max_reject_share": 1, "allow_empty": True, "create_profiles": "allow"}
ITEMS = {
    "sink": "catalog_items",
    "catalog_id": 1,
    "map": {"sku": "id", "price": "version", "attributes": list(ATTRIBUTES)},
    **GUARDS,
}
MEMBERS = {"sink": "audience_members", "audience": 1, "key": "id", **GUARDS}
DESTINATIONS = {
    "items, mirrored": ITEMS | {"mode": "mirror"},
    "items, upserted": ITEMS | {"mode": "upsert"},
    "members, mirrored": MEMBERS | {"mode": "mirror"},
}


class Crash(BaseException):
    """The process ends between two requests."""


class Machine(RuleBasedStateMachine):
    """A source, its sync, and Talon.One."""

    emu: Emulator
    given: dict[str, Any]

    @initialize(management=st.booleans())
    def begin(self, management):
        """Start with an empty account with one audience, and without a store."""
        self.emu.reset()
        self._folder = tempfile.TemporaryDirectory()
        self.engine = Engine(self.emu, Path(self._folder.name), management=management)
        with self.engine.client() as client:
            client.create_audience_v2({"name": "VIP"})
        self.source: dict[str, dict[str, Any]] = {}
        self.foreign: set[str] = set()
        self.defined: set[str] = set()
        self.taken: set[str] = set()  # rows of ours that somebody else has removed
        self.marked: set[str] = set()  # rows that the source marks as deleted in the next push
        self.runs: list[str] = []
        self.last_source: set[str] | None = None  # keys of the last push that began to send
        self.version = 0
        self.seen: dict[str, int] = {}

    # The source

    @rule(key=KEYS, attributes=st.sets(st.sampled_from(ATTRIBUTES), max_size=2))
    def change(self, key, attributes):
        """Add or change a row; without its attribute being defined it is refused."""
        self.version += 1
        self.source[key] = {"id": key, "version": self.version, **dict.fromkeys(attributes, "x")}
        self.marked.discard(key)

    @rule(key=KEYS)
    def break_row(self, key):
        """Set the price of a row to a text that is not a number."""
        if key in self.source:
            self.source[key] = self.source[key] | {"version": "many"}

    @rule(key=KEYS, mark=st.booleans())
    def leave(self, key, mark):
        """Remove a row from the source, or mark it as deleted."""
        if self.source.pop(key, None) and (mark or self.given["mode"] == "upsert"):
            self.marked.add(key)

    # Other people

    @rule(key=FOREIGN)
    def somebody_adds(self, key):
        """Let someone else add a row."""
        self._act("add", key)
        self.foreign.add(key)

    @rule(key=FOREIGN)
    def somebody_removes_their_own(self, key):
        """Let someone else remove a row that they have added."""
        self._act("remove", key)
        self.foreign.discard(key)

    @rule(key=KEYS)
    def somebody_removes_ours(self, key):
        """Let someone else remove a row that the connector has added."""
        self._act("remove", key)
        self.seen.pop(key, None)
        self.taken.add(key)

    @rule(name=st.sampled_from(ATTRIBUTES))
    def somebody_defines_an_attribute(self, name):
        """Define the attribute, so that Talon.One accepts rows that it refused before."""
        self.emu.add("attributes", {"entity": "CartItem", "name": name, "type": "string"})
        self.defined.add(name)

    # Runs

    @rule(complete=st.booleans())
    def push(self, complete):
        """Push without disturbances; the push fails only if more rows are refused than accepted."""
        with suppress(SyncError):
            figures = self._push(lambda: None, complete=complete)
            if not figures.invalid + figures.rejected:
                assert set(self.source) - self.taken <= set(self._there())

    @rule(key=KEYS, then=st.sampled_from(["change", "leave", "nothing"]), complete=st.booleans())
    def replay_after_a_mended_refusal(self, key, then, complete):
        """Replay a refused row after its reason is gone and the source has changed."""
        missing = [name for name in ATTRIBUTES if name not in self.defined][:1]
        self.change(key, {*missing})
        self.push(complete=True)
        refused = len(self.runs)
        for name in missing:
            self.somebody_defines_an_attribute(name)
        if then == "change":
            self.change(key, set())
        if then == "leave":
            self.leave(key, mark=False)
        self.push(complete=complete or then == "leave")
        self.no_old_value_comes_back()
        self.replay(len(self.runs) - refused + 1, None)

    @rule(key=KEYS, fault=st.sampled_from(["drop_after", "truncate"]))
    def leave_after_lost_answers(self, key, fault):
        """Lose the answer to an accepted row, and then remove the row from the source."""
        self.change(key, set())
        self.push_in_trouble(fault, 0, 1000, None)
        self.leave(key, mark=True)

    @rule(
        fault=st.none() | FAULTS, after=st.integers(0, 2), count=st.integers(1, 30), crash=st.none() | st.integers(0, 3)
    )
    def push_in_trouble(self, fault, after, count, crash):
        """Push with answers that fail, or end the process between two requests."""
        self._faulty(fault, after, count)
        calls = iter(range(1000))

        def check():
            if crash is not None and next(calls) >= crash:
                raise Crash

        try:
            with suppress(SyncError, TalonOneError, Crash):
                self._push(check)
        finally:
            self.emu.clear_faults()

    @rule()
    def plan(self):
        """Check that a plan changes nothing."""
        before = self._there()
        with self._run("plan") as (run, _):
            self._read(run)
            run.plan()
        assert before == self._there()

    @rule(back=st.integers(1, 4), fault=st.none() | FAULTS)
    def replay(self, back, fault):
        """Send the refused rows of an old run again."""
        if back > len(self.runs):
            return
        of_run = self.runs[-back]
        before = set(self._there())
        self._faulty(fault, 0, 3)
        try:
            with suppress(SyncConfigError, SyncError, TalonOneError), self._run("retry") as (run, store):
                replayed = retry(run, store, of_run, {})
                run.flush()
                forget_retried(store, of_run, replayed)
        finally:
            self.emu.clear_faults()
        assert self.last_source is not None
        assert set(self._there()) - before <= self.last_source

    # What holds

    @invariant()
    def what_is_foreign_stays(self):
        """Rows of others keep their values."""
        if hasattr(self, "foreign"):
            there = self._there()
            assert self.foreign == {key for key in there if key.startswith("f-")}
            assert {0} >= {there[key] for key in self.foreign}

    @invariant()
    def no_old_value_comes_back(self):
        """A row has its earlier version or a later one, or does not exist."""
        if hasattr(self, "seen"):
            there = {key: version for key, version in self._there().items() if key not in self.foreign}
            for key, version in there.items():
                assert version >= self.seen.get(key, 0), key
            self.seen = there

    def teardown(self):
        """After a last good push, the destination equals the source."""
        if not hasattr(self, "engine"):
            return
        for name in ATTRIBUTES:
            self.somebody_defines_an_attribute(name)
        for key, row in self.source.items():
            if row["version"] == "many":
                self.version += 1
                self.source[key] = row | {"version": self.version}
        self.engine.management = True
        self._push(lambda: None, heal=True)
        self.no_old_value_comes_back()
        expected = {key: row["version"] if self._has_versions else 0 for key, row in self.source.items()}
        assert expected | dict.fromkeys(self.foreign, 0) == self._there()
        self._folder.cleanup()

    # How

    @property
    def _has_versions(self):
        return self.given["sink"] == "catalog_items"

    def _there(self):
        """Return the rows at Talon.One with their versions; 0 where there is none."""
        if not self._has_versions:
            return dict.fromkeys(self.engine.members(), 0)
        return {sku: int(item["price"] or 0) for sku, item in self.engine.items().items()}

    def _act(self, action, key):
        with self.engine.client() as client:
            if self._has_versions:
                payload = {"sku": key, **({"replaceIfExists": True, "price": 0} if action == "add" else {})}
                client.sync_catalog(1, {"actions": [{"type": action.upper(), "payload": payload}]})
            else:
                word = {"add": "add", "remove": "delete"}[action]
                change = {"action": word, "profileIntegrationId": key, "audienceId": 1}
                client.update_customer_profile_audiences({"data": [change]})

    def _faulty(self, fault, after, count):
        if fault:
            for route in ("sync_catalog", "update_customer_profile_audiences"):
                self.emu.fault(route, fault, after=after, count=count)

    def _run(self, command, check=lambda: None):
        return _Opened(self.engine, command, check)

    def _read(self, run, *, complete=True):
        destination = run.open(
            destination_from("rows", self.given), columns=["id", "version", *ATTRIBUTES, "_sdc_deleted_at"]
        )
        rows = [*self.source.values(), *({"id": key, "_sdc_deleted_at": "2026-01-01"} for key in sorted(self.marked))]
        destination.add(rows, [f"row {number}" for number, _ in enumerate(rows)])
        destination.close_source(complete=complete)
        return destination

    def _push(self, check, *, complete=True, heal=False):
        with self._run("push", check) as (run, store):
            self.runs.append(run.id)
            destination = self._read(run, complete=complete)
            if heal and self.given["mode"] == "mirror":
                check = Verification(run._client, store, destination, lambda: None)
                check.find()
                check.forget_drift()
            elif heal:
                known = acknowledged_keys(store, destination.number)
                store.acks.forget(destination.number, [key for key in known if key in self.source])
            compare = run.compare

            def compared():
                found = compare()  # if no guard stops the run, it begins to send
                self.last_source = set(self.source) | (set() if complete else self.last_source or set())
                return found

            run.compare = compared
            try:
                run.finish()
            finally:
                self._account(destination.counts)
            self.marked.clear()
            return destination.counts

    @staticmethod
    def _account(figures):
        found = figures.invalid + figures.deleted + figures.duplicates + figures.same + figures.adds + figures.updates
        assert figures.read <= found or not figures.requests


class _Opened:
    """A client, a store and a run, as a command opens them."""

    def __init__(self, engine, command, check):
        self._engine, self._command, self._check = engine, command, check

    def __enter__(self):
        self._client = self._engine.client(retry=_RETRY).__enter__()
        self._store = open_store(self._engine.store)
        self._run = SyncRun(
            self._client, self._store, self._engine.options(concurrency=1), command=self._command, check=self._check
        )
        return self._run, self._store

    def __exit__(self, *error):
        try:
            self._run.__exit__(*error)
        finally:
            self._store.close()
            self._client.__exit__(*error)


def _retry_config():
    from talon_one_client.connection.config import RetryConfig

    return RetryConfig(budget_s=0.05, base_s=0.001, cap_s=0.01)


_RETRY = _retry_config()


def _machine(emulator, name):
    return type("Machine", (Machine,), {"emu": emulator, "given": DESTINATIONS[name]})


def _walk(emulator, name, *, examples, steps):
    run_state_machine_as_test(
        _machine(emulator, name),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=examples < 20,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("name", mostly_slow(DESTINATIONS, {"members, mirrored"}))
def test_a_sync_keeps_its_promises_through_a_short_random_history(server, name):
    """A few fixed histories end with the promises kept."""
    _walk(server, name, examples=6, steps=15)


@pytest.mark.slow
@pytest.mark.parametrize("name", DESTINATIONS)
def test_a_sync_keeps_its_promises_through_many_long_histories(server, name):
    """Many histories, different in each run of the test, end with the promises kept."""
    _walk(server, name, examples=60, steps=40)
