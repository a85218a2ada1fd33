"""What a tap or target says about itself, and what it is handed to run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.protocol.catalog import Catalog
    from talon_one_singer.protocol.catalog_entry import CatalogEntry
    from talon_one_singer.protocol.message_writer import MessageWriter
    from talon_one_singer.protocol.state import State
    from talon_one_singer.reporting.logs import Redactor
    from talon_one_singer.reporting.metrics import Metrics
    from talon_one_singer.reporting.progress import Progress
    from talon_one_singer.settings.table import SettingsTable


@dataclass(frozen=True, slots=True)
class RunContext:
    """Everything one run needs.

    Attributes:
        settings: value by name, as ``SettingsTable.load`` gives them.
        catalog: the discovered catalog with the choices of the given one.
        state: where the last run ended; the run moves it on.
        writer: where messages go.
        metrics: counts rows and requests.
        progress: shows how far the run is.
        stop: set when the run shall end: write a STATE and return, or let ``stop.check()`` raise.
        redact: masks secrets in the log; add tokens got on the way.
    """

    settings: Mapping[str, Any]
    catalog: Catalog
    state: State
    writer: MessageWriter
    metrics: Metrics
    progress: Progress
    stop: StopSignal
    redact: Redactor

    @property
    def selected(self) -> list[CatalogEntry]:
        """The streams to read, in the catalog's order."""
        from talon_one_singer.protocol.selection import selected_streams

        return selected_streams(self.catalog)

    def tick(self) -> None:
        """Call it often, after every page for example: logs metrics and shows progress when it is time."""
        self.metrics.tick()
        self.progress.tick()


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginDefinition:
    """What a tap and a target both are.

    Attributes:
        name: of the command, "tap-talon-one".
        version: without "v".
        settings: the settings table.
        description: one sentence.
        capabilities: as Meltano lists them.
        about: more keys for ``--about --format json``.
        expected_errors: exit code by class, first match counts: told in one line, without traceback.
        report_url: where to report a bug.
    """

    name: str
    version: str
    settings: SettingsTable
    description: str = ""
    capabilities: tuple[str, ...] = ("about", "catalog", "discover", "properties", "state")
    about: Mapping[str, Any] = field(default_factory=dict)
    expected_errors: Mapping[type[Exception], int] = field(default_factory=dict)
    report_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapDefinition(PluginDefinition):
    """A tap: a few attributes and three functions. Heavy modules belong inside the functions.

    Attributes:
        catalog: gives all streams; called with the settings, or None for ``--discover`` without ``--config``.
        sync: reads the selected streams and writes their messages.
        test: checks keys and connection, raises an expected error if they do not work; may write one record a
            stream. None: ``--test`` is refused.
    """

    catalog: Callable[[Mapping[str, Any] | None], Catalog]
    sync: Callable[[RunContext], None]
    test: Callable[[RunContext], None] | None = None


@dataclass(frozen=True, slots=True)
class TargetContext:
    """Everything one run of a target needs.

    Attributes:
        settings: value by name, as ``SettingsTable.load`` gives them.
        source: the messages, stdin.
        writer: where states go.
        metrics: counts rows and requests.
        stop: set when the run shall end.
        redact: masks secrets in the log.
        plan: only say what would be done.
    """

    settings: Mapping[str, Any]
    source: BinaryIO
    writer: MessageWriter
    metrics: Metrics
    stop: StopSignal
    redact: Redactor
    plan: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDefinition(PluginDefinition):
    """A target: a few attributes and two functions.

    Attributes:
        run: reads all messages and confirms states.
        test: checks keys and connection, raises an expected error if they do not work.
    """

    run: Callable[[TargetContext], None]
    test: Callable[[TargetContext], None]
