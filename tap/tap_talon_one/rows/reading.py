"""The reading of one id, step by step: one answer at a time, so that a position lies between any two of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from talon_one_client.errors import InvalidRequestError, UnexpectedResponseError
from talon_one_client.http.encoding import UNDECODABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talon_one_client.endpoints import Endpoint
    from talon_one_client.paging.ledger_rows import LedgerRows
    from talon_one_client.paging.window_reader import WindowReader
    from talon_one_client.paging.windows import Window

Rows = dict[str, list[bytes]]


class Job(NamedTuple):
    """One id to read, with its window of ``created`` (ledgers) or the instant that ends it (balances)."""

    text: str
    program: int | None
    window: Window


class Chunk(NamedTuple):
    """Some rows of a job, usually those of a page.

    Attributes:
        rows: encoded rows by stream.
        undated: number of ledger rows whose ``created`` is not a date and time.
        too_fine: number of ledger rows whose ``created`` is finer than a microsecond.
    """

    rows: Rows
    undated: int = 0
    too_fine: int = 0


class Reading(ABC):
    """The reading of a job, or of a part of its window.

    Attributes:
        done: nothing remains to be read.
    """

    def __init__(self, job: Job, endpoint: Endpoint) -> None:
        self._job, self._endpoint = job, endpoint
        self.done = False

    def step(self) -> Chunk | None:
        """Read the next rows; call ``advance`` when they are written. None: an answer came, but no rows yet.

        Raises:
            NotFoundError: Talon.One does not know the id.
            InvalidRequestError: the text cannot be an id.
            UnexpectedResponseError: a response does not have the documented structure.
            TalonOneError: see talon_one_client.errors.
        """
        try:
            return self._step()
        except UnicodeEncodeError as error:
            raise InvalidRequestError(
                f"{self._job.text!r} contains half of a surrogate pair, so it is not valid text",
                operation=self._endpoint.name,
            ) from error
        except UNDECODABLE as error:
            raise UnexpectedResponseError(
                f"the response for {self._job.text!r} does not have the documented structure: {error}",
                operation=self._endpoint.name,
            ) from error

    @abstractmethod
    def _step(self) -> Chunk | None: ...

    @abstractmethod
    def advance(self) -> None:
        """Note that the rows of the last step are written."""

    @property
    def remaining(self) -> Window | None:
        """What remains of the window; None if only the whole id can be read again."""
        return None

    def pages_left(self) -> float:
        """Return the estimated number of pages that ``split`` may hand over; 0 if it is unknown."""
        return 0.0

    def split(self) -> Reading | None:
        """Hand a part of what remains to a new reading; None if that is not worth while."""
        return None


class OneAnswer(Reading):
    """An id that is read by one request."""

    def __init__(self, job: Job, endpoint: Endpoint, read: Callable[[Job], Chunk]) -> None:
        super().__init__(job, endpoint)
        self._read = read

    def _step(self) -> Chunk:
        return self._read(self._job)

    def advance(self) -> None:
        """See Reading."""
        self.done = True


class AllChunks(Reading):
    """An id whose rows come in several chunks, with no position between them."""

    def __init__(self, job: Job, endpoint: Endpoint, read: Callable[[Job], Iterator[Chunk]]) -> None:
        super().__init__(job, endpoint)
        self._chunks = read(job)

    def _step(self) -> Chunk | None:
        chunk = next(self._chunks, None)
        self.done = chunk is None
        return chunk

    def advance(self) -> None:
        """See Reading."""


class LedgerReading(Reading):
    """A window of a ledger, or of another list by ``created``."""

    def __init__(
        self,
        job: Job,
        endpoint: Endpoint,
        windows: WindowReader,
        encoded: Callable[[LedgerRows], Chunk],
    ) -> None:
        super().__init__(job, endpoint)
        self._windows, self._encoded = windows, encoded
        self.done = windows.remaining.width_us <= 0

    def _step(self) -> Chunk | None:
        rows = self._windows.step()
        return None if rows is None else self._encoded(rows)

    def advance(self) -> None:
        """See Reading."""
        self._windows.advance()
        self.done = self._windows.remaining.width_us <= 0

    @property
    def remaining(self) -> Window:
        """See Reading."""
        return self._windows.remaining

    def pages_left(self) -> float:
        """See Reading. The Management API allows few requests a second, so that each of them counts."""
        return 0.0 if self._endpoint.api == "management" else self._windows.pages_left()

    def split(self) -> Reading | None:
        """See Reading."""
        taken = self._windows.split() if self.pages_left() else None
        return None if taken is None else LedgerReading(self._job, self._endpoint, taken, self._encoded)
