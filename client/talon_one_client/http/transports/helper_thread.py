"""A thread that sends the requests of the main thread."""

from __future__ import annotations

import _thread
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.http.transport import Response

    Task = tuple[Callable[[], Response], Future[Response]]


class HelperThread:
    """A thread for one request at a time, which starts with the first one.

    A signal handler may use another one at any moment, since the methods take no lock that two of them share. Those of
    ThreadPoolExecutor and threading.Thread do.
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._started = False

    def submit(self, request: Callable[[], Response]) -> Future[Response]:
        """Send a request in the thread."""
        if not self._started:
            _thread.start_new_thread(self._run, ())
            self._started = True
        answer: Future[Response] = Future()
        self._tasks.put((request, answer))
        return answer

    def close(self) -> None:
        """End the thread after its request."""
        self._tasks.put(None)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            request, answer = task
            try:
                answer.set_result(request())
            except BaseException as error:  # noqa: BLE001 - raised by the thread that waits for the answer
                answer.set_exception(error)
            del task, request, answer  # they hold the answer's body
