"""Fixtures: receivers that run in a thread of this process, and what they have merged."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from talon_one_receiver.server import Settings, serve
from talon_one_singer.cli.signals import StopSignal
from talon_one_warehouse import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@dataclass
class Receiver:
    """A running receiver."""

    url: str
    settings: Settings
    stop: StopSignal

    @property
    def base(self) -> str:
        """The URL of its other paths."""
        return self.url.rpartition("/")[0]


@contextmanager
def receiving(settings: Settings) -> Iterator[Receiver]:
    """Run a receiver in a thread; at the end, it is stopped, and its error raised."""
    ready: queue.Queue[Any] = queue.Queue()
    failed: list[BaseException] = []
    stop = StopSignal()

    def run() -> None:
        try:
            serve(settings, stop, ready.put)
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread of the test
            failed.append(error)
            ready.put(None)

    thread = threading.Thread(target=run)
    thread.start()
    url = ready.get()
    try:
        yield Receiver(url or "", settings, stop)
    finally:
        stop.set()
        thread.join()
        if failed:
            raise failed[0]


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Return a function that makes settings of a receiver that loads into DuckDB, with changes."""

    def make(**changes: Any) -> Settings:
        defaults = {"url": f"duckdb:///{tmp_path}/w.duckdb", "journal": tmp_path / "journal", "every_s": 60.0}
        return Settings(**{**defaults, **changes})

    return make


@pytest.fixture
def receiver() -> Callable[[Settings], AbstractContextManager[Receiver]]:
    """Return a context manager that runs a receiver."""
    return receiving


@pytest.fixture
def rows() -> Callable[..., list[tuple[Any, ...]]]:
    """Return a function that reads columns of a table of a receiver's warehouse."""

    def read(settings: Settings, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        with open_warehouse(settings.url, schema=settings.schema) as warehouse:
            return warehouse.query(f"SELECT {columns} FROM {warehouse.name_of(table)} ORDER BY 1, 2")

    return read
