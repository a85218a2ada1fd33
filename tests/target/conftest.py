"""A local Talon.One, syncs into it through the engine, and Singer lines through the real target process."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING, Any

import pytest

from talon_one_client.client import TalonOneClient
from talon_one_client.connection.config import ClientConfig, RetryConfig
from talon_one_emulator import Emulator
from talon_one_singer.settings.secret import Secret
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.config.options import SyncOptions
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun
from tests import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_talon_one.store.store import Store
    from target_talon_one.sync.row_counts import RowCounts


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    """Run an emulator for a module; the fixture ``emu`` empties it."""
    with Emulator(seed="empty", management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def emu(server: Emulator) -> Emulator:
    """Return an empty emulator with a few attributes."""
    server.reset()
    server.clear_requests()
    return server


@dataclass
class Engine:
    """Syncs into an emulator, with a separate store and separate files."""

    emu: Emulator
    folder: Path
    management: bool = True

    @property
    def store(self) -> str:
        """Return the path of the store."""
        return str(self.folder / "store.duckdb")

    def client(self, **changes: Any) -> TalonOneClient:
        """Return a client for the emulator that does not wait between attempts."""
        config = {
            "base_url": self.emu.url,
            "api_key": Secret(self.emu.api_key),
            "management_key": Secret(self.emu.management_key) if self.management else None,
            "management_requests_per_second": 100_000.0,
            "retry": RetryConfig(budget_s=20, base_s=0.001, cap_s=0.01),
        }
        return TalonOneClient(ClientConfig(**(config | changes)))

    def options(self, **changes: Any) -> SyncOptions:
        """Return options with the directories of the test."""
        files = {
            "rejects_directory": str(self.folder / "rejects"),
            "results_directory": str(self.folder / "results"),
        }
        return SyncOptions(**(files | changes))

    def push(
        self,
        given: Mapping[str, Any],
        rows: Sequence[Mapping[str, Any]],
        *,
        complete: bool | None = True,
        store: Store | None = None,
        **options: Any,
    ) -> RowCounts:
        """Run one push with one destination and return its counts; uses the given store or that of the engine."""
        with (
            self.client() as client,
            open_store(self.store) if store is None else nullcontext(store) as opened,
            SyncRun(client, opened, self.options(**options), command="test") as run,
        ):
            destination = run.open(destination_from("rows", given), columns=list(rows[0]) if rows else None)
            destination.add(rows, [f"row {number}" for number in range(1, len(rows) + 1)])
            if complete is not None:
                destination.close_source(complete=complete)
            run.finish()
            return destination.counts

    def rejects(self) -> list[dict[str, Any]]:
        """Return every line of every rejects file, the oldest run first."""
        files = sorted((self.folder / "rejects").glob("*/*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def results(self) -> list[dict[str, Any]]:
        """Return every line of every results file."""
        files = sorted((self.folder / "results").glob("*/*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def requests(self) -> dict[str, int]:
        """Return the requests by operation since the last call."""
        counts = {name: one["requests"] for name, one in self.emu.counters().items()}
        self.emu.clear_requests()
        return counts

    def members(self, audience: int = 1) -> set[str]:
        """Return the members of an audience."""
        state = self.emu.state("memberships", "profiles")
        names = {profile["id"]: profile["integration_id"] for profile in state["profiles"]}
        return {names[row["profile"]] for row in state["memberships"] if row["audience"] == audience}

    def items(self, catalog: int = 1) -> dict[str, dict[str, Any]]:
        """Return the items of a catalog by SKU."""
        rows = self.emu.state("items")["items"]
        return {row["sku"]: row for row in rows if row["catalog"] == catalog}


@pytest.fixture
def engine(emu: Emulator, tmp_path: Path) -> Engine:
    """Return the sync engine on an empty emulator."""
    return Engine(emu, tmp_path)


@pytest.fixture
def singer(emu: Emulator, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that sends lines (dicts, text or bytes) through ``target-talon-one`` as a process."""

    def run(
        lines: Sequence[Any] | bytes, streams: Mapping[str, Any], *options: str, **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        config = {
            "base_url": emu.url,
            "api_key": emu.api_key,
            "management_key": emu.management_key,
            "management_requests_per_second": 100_000,
            "store": str(tmp_path / "store.duckdb"),
            "rejects_directory": str(tmp_path / "rejects"),
            "results_directory": str(tmp_path / "results"),
            "streams": streams,
        }
        path = tmp_path / "config.json"
        path.write_text(json.dumps({k: v for k, v in (config | settings).items() if v is not None}))
        done = commands.run(
            [sys.executable, "-m", "target_talon_one", "--config", str(path), *options],
            input=lines if isinstance(lines, bytes) else b"".join(map(_line, lines)),
            capture_output=True,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")
        )

    return run


def _line(line: Any) -> bytes:
    if isinstance(line, bytes):
        return line + b"\n"
    return (line if isinstance(line, str) else json.dumps(line)).encode() + b"\n"
