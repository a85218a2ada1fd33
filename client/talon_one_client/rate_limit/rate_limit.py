"""One rate limit: the store that keeps its departures, and the rate."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talon_one_client.http.waits import SLICE_S
from talon_one_client.rate_limit.departures import Pace
from talon_one_client.rate_limit.stores import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.rate_limit.stores import RateLimitStore, StoreReply

log = logging.getLogger("talon_one_client")

LONG_WAIT_S = 10.0
CREDIT_US = 1_000_000
CLOCK_STEP_US = 1_000_000  # clocks are corrected by less than this without a warning


@dataclass(slots=True)
class Grant:
    """The permission to send one request.

    Attributes:
        limit: the rate limit, None for no limit.
        waited_s: seconds that were spent waiting for it.
        paused_s: seconds of a wait because the server has refused others; they count toward the retry budget.
        granted_us: when it was granted, on the store's clock.
        since_us: when it was granted, on the clock of this process.
    """

    limit: RateLimit | None
    waited_s: float = 0.0
    paused_s: float = 0.0
    granted_us: int = 0
    since_us: int = 0

    def wait(self) -> None:
        """Wait until the request may be sent."""
        if self.limit is not None:
            waited_s, self.granted_us = self.limit.wait()
            self.since_us = self.limit.process_clock_us()
            self.waited_s += waited_s

    def depart(self) -> None:
        """Note that the request is written now; if the grant is too old, wait for another one."""
        while self.limit is not None and not self.limit.depart(self):
            self.wait()

    def answered(self) -> None:
        """Note that the answer is there, so that the request has arrived."""
        if self.limit is not None:
            self.limit.arrived(self)


class RateLimit:
    """Grants departures at a rate; see ``departures.py`` for the algorithm. Thread-safe.

    Args:
        store: keeps the departures.
        rate: requests a second.
        sleep: waits that many seconds.
        stop: raises once the run was asked to stop.
        process_clock_us: a clock of this process; the store may use another clock.
    """

    def __init__(
        self,
        store: RateLimitStore,
        rate: float,
        sleep: Callable[[float], None],
        stop: Callable[[], None],
        process_clock_us: Callable[[], int],
    ) -> None:
        self.store, self.process_clock_us = store, process_clock_us
        self._rate, self._pace = rate, Pace.of(rate)
        self._sleep, self._stop = sleep, stop
        self._turn = threading.Lock()  # one thread asks the store, the others wait for it
        self._long_wait_logged = False
        self._lock = threading.Lock()
        self._credit_us, self._credited_us = CREDIT_US, process_clock_us()

    def wait(self) -> tuple[float, int]:
        """Wait for a departure; return the seconds waited and the instant that the store granted.

        Raises:
            ConnectionFailedError: the shared store does not answer.
        """
        waited_s = 0.0
        while not self._turn.acquire(timeout=SLICE_S):
            self._stop()
            waited_s += SLICE_S
        try:
            while True:
                reply = self._checked(self.store.step(self._pace, None))
                if not reply.wait_us:
                    return waited_s, reply.now_us
                # Each try asks at the present instant: a departure granted before a long sleep would be outdated.
                wait_s = reply.wait_us / 1e6
                self._log_long_wait(waited_s + wait_s)
                self._sleep(wait_s)
                waited_s += wait_s
        finally:
            self._turn.release()

    def depart(self, grant: Grant) -> bool:
        """Note that a granted request departs now; return False if its grant is too old for that."""
        late_us = self.process_clock_us() - grant.since_us
        if late_us > self._pace.window_us // 2:
            return False
        if late_us > self._pace.prompt_us:
            grant.granted_us = self._checked(self.store.step(self._pace, grant.granted_us)).now_us
            grant.since_us += late_us
        return True

    def arrived(self, grant: Grant) -> None:
        """Note that a request may have arrived late, together with requests that departed after it.

        Only the answer shows the latest instant at which the request can have arrived. A server that is always slow
        must not lower the rate, so that the delays add up to at most one second plus one hundredth of the time.
        """
        now_us = self.process_clock_us()
        late_us = now_us - grant.since_us - self._pace.headroom_us
        if late_us <= 0:
            return
        with self._lock:
            self._credit_us = min(CREDIT_US, self._credit_us + (now_us - self._credited_us) // 100)
            self._credited_us = now_us
            if late_us > self._credit_us:
                return
            self._credit_us -= late_us
        self._checked(self.store.step(self._pace, grant.granted_us, grant.granted_us + late_us))

    def _checked(self, reply: StoreReply) -> StoreReply:
        if reply.ahead_us == UNREADABLE:
            log.warning(
                "the state of the shared rate limit (rate_limit_url) could not be read; it starts again from empty"
            )
        elif reply.ahead_us > CLOCK_STEP_US:
            log.warning(
                "the shared rate limit (rate_limit_url) was %.0f s ahead of the clock and has been corrected; "
                "check the clocks of all machines that share it",
                reply.ahead_us / 1e6,
            )
        return reply

    def _log_long_wait(self, wait_s: float) -> None:
        if wait_s > LONG_WAIT_S and not self._long_wait_logged:
            self._long_wait_logged = True
            log.warning("waiting %.0f s for the rate limit of %g requests a second", wait_s, self._rate)
