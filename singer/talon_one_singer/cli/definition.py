"""The definition of a tap or target, and the context of its run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from talon_one_singer.protocol.selection import selected_streams

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
    """Everything that a run of a tap needs.

    Attributes:
        settings: values by name, see ``SettingsTable.load``.
        catalog: the discovered catalog with the selection of the given one.
        state: state of the last run; the run updates it.
        writer: writes the messages.
        metrics: counts rows and requests.
        progress: shows the progress of the run.
        stop: set when the run has to end: write a STATE and return, or let ``stop.check()`` raise.
        redact: masks secrets in the log; add tokens that the run receives.
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
        """The selected streams, in the order of the catalog."""
        return selected_streams(self.catalog)

    def tick(self) -> None:
        """Log metrics and show progress if it is time; call it often, for example after every page."""
        self.metrics.tick()
        self.progress.tick()


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginDefinition:
    """What taps and targets have in common.

    Attributes:
        name: name of the command, for example "tap-talon-one".
        version: version without "v".
        settings: the table of settings.
        description: one sentence.
        capabilities: capabilities as Meltano names them.
        about: additional keys for ``--about --format json``.
        expected_errors: exit code by class, the first match counts; these errors are one line, without traceback.
        report_url: address for bug reports.
        after_stop: what a run that a signal has stopped leaves behind, and what continues it.
    """

    name: str
    version: str
    settings: SettingsTable
    description: str = ""
    capabilities: tuple[str, ...] = ("about", "catalog", "discover", "properties", "state")
    about: Mapping[str, Any] = field(default_factory=dict)
    expected_errors: Mapping[type[Exception], int] = field(default_factory=dict)
    report_url: str = ""
    after_stop: str = "everything up to the last STATE is safe; run it again with that STATE to continue"


@dataclass(frozen=True, slots=True, kw_only=True)
class TapDefinition(PluginDefinition):
    """A tap: its attributes and three functions. Heavy modules are imported inside the functions.

    Attributes:
        catalog: returns all streams; called with the settings, or None for ``--discover`` without ``--config``.
        sync: reads the selected streams and writes their messages.
        test: checks keys and connection and raises an expected error if they do not work; may write one record of each
            stream. None: ``--test`` is refused.
    """

    catalog: Callable[[Mapping[str, Any] | None], Catalog]
    sync: Callable[[RunContext], None]
    test: Callable[[RunContext], None] | None = None


@dataclass(frozen=True, slots=True)
class TargetContext:
    """Everything that a run of a target needs.

    Attributes:
        settings: values by name, see ``SettingsTable.load``.
        source: the messages, from stdin.
        writer: writes the states.
        metrics: counts rows and requests.
        stop: set when the run has to end.
        redact: masks secrets in the log.
        plan: True if the run must only print what it would change.
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
    """A target: its attributes and two functions.

    Attributes:
        run: reads all messages and confirms states.
        test: checks keys and connection and raises an expected error if they do not work.
    """

    run: Callable[[TargetContext], None]
    test: Callable[[TargetContext], None]
