"""A warehouse for one command, deleted afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from talon_one_loading.sink import WarehouseSink
from talon_one_loading.tap_runner import TapRun, run_context
from talon_one_singer.protocol.state import State
from talon_one_singer.temporary_folders import TemporaryFolder
from talon_one_warehouse import open_warehouse
from tap_talon_one.tap import default_entries, nothing_selected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from talon_one_warehouse import Warehouse

TEMPORARY_SCHEMA = "talon_one"


@contextmanager
def temporary_warehouse(
    settings: Mapping[str, Any], streams: Sequence[str], stop: StopSignal, redact: Redactor
) -> Iterator[Warehouse]:
    """Load streams into a warehouse in a temporary folder; streams without ids to read are left out.

    Raises:
        ConfigError: none of the streams can be read with these settings.
        TalonOneError, SomeStreamsFailed, WarehouseError: see TapRun.run.
    """
    entries = [entry for entry in default_entries(settings) if entry.stream in streams]
    if not entries:
        raise nothing_selected(settings)
    with (
        TemporaryFolder("warehouse") as folder,
        open_warehouse(f"duckdb:///{folder}/temporary.duckdb", schema=TEMPORARY_SCHEMA) as warehouse,
    ):
        context = run_context(settings, State(None), stop, redact)
        with WarehouseSink(warehouse) as sink:
            TapRun(settings, entries, context, sink).run()
        yield warehouse
