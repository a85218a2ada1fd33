"""The sending of notifications to a URL, again and again as the vendor documents it.

Notifications that were answered with 5xx or 429 are sent again for ten minutes, with growing pauses.
Source: https://docs.talon.one/docs/product/applications/outbound-notifications
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from queue import Queue
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import requests

from talon_one_emulator.api import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from talon_one_emulator.control.switches import Switches

_SENDERS = 4
_TIMEOUT_S = 10.0  # the vendor names none
_GIVE_UP_S, _LONGEST_PAUSE_S = 600.0, 60.0


@dataclass(frozen=True, slots=True)
class NotifyTarget:
    """Where notifications are sent.

    Attributes:
        url: of the receiver; a user and password in it are sent as Basic authentication.
        headers: more headers, such as one with a token.
        first_pause_s: seconds before a notification is sent for the second time; each later pause is twice as long.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    first_pause_s: float = 0.5


@dataclass(slots=True)
class SentNotification:
    """A notification and what became of it.

    Attributes:
        id: its X-UUID.
        body: JSON.
        statuses: of the answers, in order; 0 where there was none.
        state: ``waiting``, ``delivered``, or ``dropped``.
    """

    id: str
    body: bytes
    statuses: list[int] = field(default_factory=list)
    state: str = "waiting"

    def describe(self) -> dict[str, Any]:
        """Return the JSON object of the control endpoint."""
        return {"id": self.id, "state": self.state, "statuses": self.statuses, "body": json_text.Raw(self.body)}


class Notifier:
    """Sends notifications in threads of its own, and keeps what became of each.

    Args:
        target: where they are sent.
        switches: returns the current switches.
    """

    def __init__(self, target: NotifyTarget, switches: Callable[[], Switches]) -> None:
        self._target, self._switches = target, switches
        self._queue: Queue[SentNotification | None] = Queue()
        self._stopping = threading.Event()
        self._sent: list[SentNotification] = []
        self._threads = [
            threading.Thread(target=self._run, name="talon-one-notifier", daemon=True) for _ in range(_SENDERS)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, bodies: Iterable[Mapping[str, Any]]) -> list[str]:
        """Begin to send notifications, and return the X-UUID of each."""
        added = [SentNotification(str(uuid4()), json_text.encode(body)) for body in bodies]
        self._sent += added
        for one in added:
            self._queue.put(one)
        return [one.id for one in added]

    def describe(self) -> list[dict[str, Any]]:
        """Return all notifications and what became of them, in the order in which they were made."""
        return [one.describe() for one in self._sent]

    def counts(self) -> dict[str, int]:
        """Return the number of notifications by state."""
        return dict(Counter(one.state for one in self._sent))

    def clear(self) -> None:
        """Forget the notifications that are not waiting any more."""
        self._sent = [one for one in self._sent if one.state == "waiting"]

    def join(self) -> None:
        """Wait until no notification is waiting."""
        self._queue.join()

    def close(self) -> None:
        """End the threads; notifications that are waiting are not sent."""
        self._stopping.set()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (one := self._queue.get()) is not None and not self._stopping.is_set():
                self._deliver(session, one)
                self._queue.task_done()

    def _deliver(self, session: requests.Session, one: SentNotification) -> None:
        last_s, pause_s = time.monotonic() + _GIVE_UP_S, self._target.first_pause_s
        while True:
            status = self._post(session, one)
            one.statuses.append(status)
            if 200 <= status < 300:
                one.state = "delivered"
                return
            if not self._is_sent_again(status) or time.monotonic() + pause_s > last_s:
                one.state = "dropped"
                return
            if self._stopping.wait(pause_s):
                return
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _post(self, session: requests.Session, one: SentNotification) -> int:
        headers = {**self._target.headers, "Content-Type": "application/json", "X-UUID": one.id}
        try:
            answer = session.post(
                self._target.url, one.body, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException:
            return 0
        return answer.status_code

    def _is_sent_again(self, status: int) -> bool:
        if not status:
            return self._switches().unreachable_receiver == "resend"
        return status >= 500 or status == 429
