"""Composition of the application, its socket, and the uvicorn server."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talon_one_emulator.api.app import App
from talon_one_emulator.api.middleware.authentication import Keys
from talon_one_emulator.api.middleware.origins import Origins
from talon_one_emulator.api.service import Service
from talon_one_emulator.control.controller import Controller
from talon_one_emulator.control.notifier import Notifier
from talon_one_emulator.control.switches import Switches
from talon_one_emulator.domain.account import Account
from talon_one_emulator.loopback import is_loopback_address
from talon_one_emulator.seeds import Seed, load

if TYPE_CHECKING:
    from pathlib import Path

    from talon_one_client.endpoints import Era
    from talon_one_emulator.control.faults import FaultRule
    from talon_one_emulator.control.notifier import NotifyTarget
    from talon_one_emulator.web_server import WebServer


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of an emulator.

    Attributes:
        management_rate: requests per second and management endpoint; 0 switches the limit off.
        allow_hosts: names that a Host header may have in addition to those of loopback.
        notify: where notifications are sent.
    """

    host: str = "127.0.0.1"
    port: int = 0
    keys: Keys = field(default_factory=Keys)
    era: Era = "current"
    seed: Seed = field(default_factory=Seed)
    switches: Switches = field(default_factory=Switches)
    faults: tuple[FaultRule, ...] = ()
    management_rate: int = 3
    db: Path | None = None
    allow_hosts: tuple[str, ...] = ()
    notify: NotifyTarget | None = None

    def __post_init__(self) -> None:
        if self.era not in ("seed", "current"):
            raise ValueError(f"era must be seed or current, not {self.era!r}")
        check_loopback(self.host)


def check_loopback(host: str) -> None:
    """Raise ValueError unless a host is loopback, because the keys of the emulator are public and protect nothing."""
    if host != "localhost" and not is_loopback_address(host):
        raise ValueError(f"the emulator listens on loopback only (127.0.0.1, ::1, localhost), not on {host!r}")


def build(settings: Settings) -> tuple[App, Controller]:
    """Return the application with its data, and its controller. Only an empty database is filled by the seed."""
    account = Account(settings.era, settings.db, settings.switches)
    try:
        if account.store.row("SELECT 1 FROM applications") is None:
            load(account, settings.seed)
    except BaseException:
        account.store.close()
        raise
    service = Service(account, settings.keys, settings.management_rate)
    for rule in settings.faults:
        service.faults.add(rule)
    notifier = Notifier(settings.notify, lambda: account.switches) if settings.notify else None
    controller = Controller(service, settings.seed, settings.switches, notifier)
    return App(service, controller, Origins(settings.allow_hosts)), controller


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 picks a free port."""
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY. Without it, each answer waits 40 ms for an acknowledgment.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """Return ``http://host:port`` of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def web_server(app: App) -> WebServer:
    """Return a server for the application that logs no requests."""
    import uvicorn

    from talon_one_emulator.web_server import WebServer

    config = uvicorn.Config(
        app,
        lifespan="on",
        log_level="critical",
        access_log=False,
        date_header=False,  # the account has its own clock
        timeout_keep_alive=60,
        loop="asyncio",
        ws="none",
    )
    return WebServer(config)
