"""A running receiver: journal, delivery and web server."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import uvicorn

from talon_one_receiver.app import PATH, Endpoints
from talon_one_receiver.authentication import Credentials, check_host
from talon_one_receiver.delivery import Delivery
from talon_one_receiver.intake import Intake, Limits
from talon_one_receiver.journal import Journal
from talon_one_receiver.metrics import Metrics
from talon_one_singer.errors import ConfigError, SingerError
from talon_one_singer.reporting.amounts import counted
from talon_one_singer.reporting.redaction import redact, shown_url
from talon_one_warehouse import TableError, WarehouseConfigError, WarehouseError, open_warehouse
from talon_one_warehouse.urls import raise_if_in_memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from talon_one_singer.cli.signals import StopSignal

log = logging.getLogger(__name__)

_GRACE_S = 5  # for requests in flight when the receiver ends


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a receiver.

    Attributes:
        url: of the warehouse.
        schema: holds its tables.
        journal: file of the journal.
        host: address to listen on; one that other machines can reach needs credentials.
        port: port to listen on; 0 picks a free one.
        every_s: seconds between two merges into the warehouse.
        credentials: what a request must bring.
        limits: what is kept at most.
    """

    url: str = field(repr=False)  # it may hold a password
    journal: Path
    schema: str = "talon_one"
    host: str = "127.0.0.1"
    port: int = 0
    every_s: float = 5.0
    credentials: Credentials = field(default_factory=Credentials)
    limits: Limits = field(default_factory=Limits)


class NotLoaded(SingerError):
    """The receiver has ended, and some notifications are in the journal only."""


class _Server(uvicorn.Server):
    """A server that a StopSignal ends, which handles the signals of the process."""

    def __init__(self, config: uvicorn.Config, stop: StopSignal) -> None:
        super().__init__(config)
        self._stop = stop

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave the signals to the StopSignal."""
        return nullcontext()

    async def on_tick(self, counter: int) -> bool:
        """Return whether the server should end."""
        return self._stop.is_set() or await super().on_tick(counter)


def serve(settings: Settings, stop: StopSignal, ready: Callable[[str], None]) -> None:
    """Receive notifications until ``stop``; then merge those that are left.

    Args:
        settings: the settings.
        stop: ends the receiver.
        ready: called with the URL for notifications when they are accepted.

    Raises:
        ConfigError: settings or journal cannot be used.
        WarehouseConfigError, TableError: the warehouse cannot be used, and could not before with this journal.
        JournalError: the journal is in use by another receiver.
        NotLoaded: some notifications could not be merged at the end; the next start merges them.
    """
    check_host(settings.host, settings.credentials)
    raise_if_in_memory(settings.url)
    listener = _bind(settings.host, settings.port)
    with listener, Journal(settings.journal, f"{shown_url(settings.url)} {settings.schema}") as journal:
        metrics = Metrics(lambda: journal.pending_count)
        delivery = Delivery(
            journal, lambda: open_warehouse(settings.url, schema=settings.schema), metrics, settings.every_s
        )
        _prepare(delivery, journal)
        delivery.start()
        try:
            _serve(
                listener,
                settings,
                Endpoints(Intake(journal, settings.limits), journal, delivery, settings.credentials, metrics),
                stop,
                ready,
            )
        finally:
            delivery.stop()
        if journal.pending_count:
            pending = counted(journal.pending_count, "notification is", "notifications are")
            raise NotLoaded(
                f"{pending} in the journal {settings.journal} and not in the "
                "warehouse; start `talon-one listen` again to load them"
            )


def _prepare(delivery: Delivery, journal: Journal) -> None:
    """Create the tables. A warehouse that worked before and is away now keeps no notification from being received."""
    try:
        delivery.prepare()
    except WarehouseError as error:
        if isinstance(error, WarehouseConfigError | TableError) and not journal.was_used:
            raise
        log.warning("the warehouse cannot be used yet; notifications are kept in the journal: %s", redact(str(error)))
    else:
        journal.note_use()


def _serve(
    listener: socket.socket, settings: Settings, endpoints: Endpoints, stop: StopSignal, ready: Callable[[str], None]
) -> None:
    config = uvicorn.Config(
        endpoints.app(),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        lifespan="off",
        loop="asyncio",
        ws="none",
    )
    host, port = listener.getsockname()[:2]
    ready(f"http://[{host}]:{port}{PATH}" if ":" in host else f"http://{host}:{port}{PATH}")
    asyncio.run(_Server(config, stop).serve([listener]))


def _bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        ConfigError: the address cannot be used.
    """
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY. Without it, each answer waits 40 ms for an acknowledgment.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"cannot listen on {host} port {port}: {(error.strerror or str(error)).lower()}; choose another --host or "
            "--port, or stop the program that uses it"
        ) from None
    return listener
