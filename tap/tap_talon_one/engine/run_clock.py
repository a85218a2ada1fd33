"""The clock of a run: the earlier of the clocks of this machine and of Talon.One."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from talon_one_client.connection.client_factory import client_from_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_singer.cli.signals import StopSignal

log = logging.getLogger("tap_talon_one")


@dataclass(frozen=True, slots=True)
class RunClock:
    """Both clocks at one moment; they are equal if Talon.One does not send its time.

    Attributes:
        local: the clock of this machine.
        server: Talon.One's clock.
    """

    local: datetime
    server: datetime

    @property
    def earlier(self) -> datetime:
        """The earlier of both clocks: a run that reads up to it misses no row that is created later."""
        return min(self.local, self.server)

    def warn_of_future(self, what: str, bookmark: datetime) -> None:
        """Log a warning that a bookmark is later than Talon.One's clock."""
        log.warning(
            "%s: the bookmark %s is later than Talon.One's clock (%s), so the clock of the machine that wrote it was "
            "ahead. Rows may be missing, so everything is read from the start",
            what,
            bookmark.isoformat(timespec="seconds"),
            self.server.isoformat(timespec="seconds"),
        )

    @classmethod
    def read(cls, client: TalonOneClient, now: Callable[[], datetime], *, warn: bool = True) -> RunClock:
        """Read both clocks. Makes a call if there was none before; warns if the clock of this machine is ahead."""
        reading, local = client.read_server_clock(), now()
        if reading is None:
            return cls(local, local)
        server = reading.server_time(local)
        if reading.ahead_s and warn:
            log.warning(
                "the clock of this machine is %.0f s ahead of Talon.One's; the run reads up to Talon.One's time (%s). "
                "Set this machine's clock",
                reading.ahead_s,
                server.isoformat(timespec="seconds"),
            )
        return cls(local, server)


def settled_now(settings: Mapping[str, Any], stop: StopSignal) -> datetime:
    """Return the earlier of both clocks minus the settle time: the default end of what a command reads."""
    with client_from_settings(settings, "talon-one", stop=stop.check) as client:
        clock = RunClock.read(client, lambda: datetime.now(UTC), warn=False)
    return clock.earlier - timedelta(seconds=settings["settle_seconds"])
