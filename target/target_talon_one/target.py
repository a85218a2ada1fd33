"""The definition of the target: its name, its settings, and how a run works."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from talon_one_client.http.waits import interruptible_sleep
from talon_one_singer.cli.definition import TargetContext, TargetDefinition
from talon_one_singer.cli.process import keep_pandas_out
from talon_one_singer.exit_codes import ExitCode
from talon_one_singer.maps.settings import with_maps
from talon_one_singer.reporting.amounts import counted
from talon_one_singer.settings.input_limits import InputLimits
from talon_one_singer.version import VERSION
from target_talon_one.config.options import SyncOptions
from target_talon_one.errors import IncompleteError, SyncConfigError
from target_talon_one.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from talon_one_singer.protocol.messages import Message
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.message_handler import MessageHandler
    from target_talon_one.read_ahead import ReadAhead
    from target_talon_one.sync.run import SyncRun

# Modules that process rows are imported in functions, because --version, --about and --help must start fast.
NAME = "target-talon-one"
CAPABILITIES = ("about", "activate-version", "batch", "hard-delete", "test", "validate-records")
SECONDS_PER_SWITCH = 0.0005  # so that threads that send need not wait long for the one that decodes
SECONDS_PER_POLL = 0.01
logger = logging.getLogger(NAME)


def destinations_of(streams: Mapping[str, Any]) -> dict[str, DestinationConfig]:
    """Return the destination of each stream, as the setting ``streams`` configures it.

    Raises:
        SyncConfigError: every problem of every stream, one per line.
    """
    from target_talon_one.config.destination_reader import destination_from

    problems: list[str] = []
    found = {}
    for name, given in streams.items():
        try:
            found[name] = destination_from(name, given)
        except SyncConfigError as error:
            problems += error.lines
    if not streams:
        problems.append("streams is empty; name each incoming stream with its sink and mode")
    if problems:
        raise SyncConfigError(*problems)
    return found


def run(context: TargetContext) -> None:
    """Read all messages, send their rows, and emit each state once its rows are safe.

    Raises:
        SyncError, ConfigError, TalonOneError: see their modules; the states that were emitted remain valid.
    """
    from talon_one_client.connection.client_factory import client_from_settings
    from target_talon_one.store.opening import open_store
    from target_talon_one.sync.run import SyncRun

    keep_pandas_out()
    settings = context.settings
    destinations = destinations_of(settings["streams"])
    with (
        client_from_settings(settings, NAME, metrics=context.metrics, stop=context.stop.check) as client,
        open_store(settings["store"]) as store,
        SyncRun(
            client,
            store,
            SyncOptions.of(settings),
            command=NAME + " --plan" * context.plan,
            check=context.stop.check,
        ) as sync,
    ):
        _sync(context, destinations, sync)


def _sync(context: TargetContext, destinations: Mapping[str, DestinationConfig], sync: SyncRun) -> None:
    from talon_one_singer.maps.stream_maps import stream_maps
    from talon_one_singer.protocol.message_reader import read_messages
    from talon_one_singer.protocol.messages import RecordLines
    from target_talon_one.message_handler import MessageHandler
    from target_talon_one.read_ahead import CountedInput, ReadAhead

    settings, maps = context.settings, stream_maps(context.settings)
    rows = settings["rows_per_flush"] if not context.plan else 1 << 62
    handler = MessageHandler(
        sync,
        destinations,
        context.writer.confirmed,
        rows_per_flush=rows,
        ignore_unknown=settings["unknown_streams"] == "ignore",
    )
    sys.setswitchinterval(SECONDS_PER_SWITCH)
    source, sleep = CountedInput(context.source), interruptible_sleep(context.stop.check)
    read = read_messages(cast("BinaryIO", source), limits=InputLimits.of(settings), sleep=sleep)
    if maps is not None:
        from talon_one_singer.maps.mapped_messages import mapped_messages

        read = mapped_messages(read, maps)
    with ReadAhead(read, lambda: source.count) as messages:
        for message in _while_sending(messages, handler):
            context.stop.check()
            handler.handle(message)
            if isinstance(message, RecordLines):
                context.metrics.records(message.stream, len(message.rows))
            context.metrics.tick()
    handler.close()
    if context.plan:
        _log_plan(sync)
        _raise_all(sync.raise_if_plan_incomplete, handler.raise_if_incomplete)
        return
    try:
        handler.flush()
    finally:
        _log_counts(sync)
    _raise_all(sync.raise_if_incomplete, handler.raise_if_incomplete)


def _while_sending(messages: ReadAhead[Message], handler: MessageHandler) -> Iterator[Message]:
    """Yield the messages; while there is none, rows of earlier ones are sent."""
    try:
        while True:
            sending = handler.proceed()
            message = messages.get(None if sending is None else SECONDS_PER_POLL)
            if message is not None:
                yield message
    except StopIteration:
        return


def _raise_all(*checks: Callable[[], None]) -> None:
    """Raise one error with the problems that all checks find."""
    problems: list[str] = []
    for check in checks:
        try:
            check()
        except IncompleteError as error:
            problems += error.lines
    if problems:
        raise IncompleteError(*problems)


def _log_plan(sync: SyncRun) -> None:
    from target_talon_one.sync.plan import plan_lines

    for line in plan_lines(sync.plan()):
        logger.info(line)


def _log_counts(sync: SyncRun) -> None:
    for name, destination in sync.destinations.items():
        counts = destination.counts
        logger.info(
            "%s: %s read; %s to add, %s to change, %s to remove, %s unchanged; %s sent in %s, %s refused%s%s",
            *(
                name,
                counted(counts.read, "row"),
                counts.adds,
                counts.updates,
                counts.removes,
                counts.same,
                counts.sent,
                counted(counts.requests, "request"),
            ),
            counts.refused,
            f", {counts.deleted} marked as deleted" if counts.deleted else "",
            f"; see {sync.files.rejects_path(name)}" if sync.files.rejects_path(name) else "",
        )


def check_keys(context: TargetContext) -> None:
    """Check settings, keys and connection.

    Raises:
        SyncConfigError: a stream cannot be sent with its settings.
        TalonOneError: a key does not work, or Talon.One does not answer.
    """
    from talon_one_client.connection.check import check_and_log
    from talon_one_client.connection.client_factory import client_from_settings

    destinations_of(context.settings["streams"])
    with client_from_settings(context.settings, NAME, stop=context.stop.check) as client:
        check_and_log(client, logger)


def definition() -> TargetDefinition:
    """Return the definition of the target for the command line."""
    from talon_one_client.errors import ConfigurationError, TalonOneError

    return TargetDefinition(
        name=NAME,
        version=VERSION,
        settings=SETTINGS,
        run=run,
        test=check_keys,
        description="Mirrors warehouse segments into audiences and tables into catalogs, and reaches every other "
        "writable endpoint of Talon.One, with every row accounted for.",
        capabilities=with_maps(CAPABILITIES),
        expected_errors={ConfigurationError: ExitCode.CONFIG, TalonOneError: ExitCode.FAILED},
    )
