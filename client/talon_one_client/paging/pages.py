"""Pages of rows: the only reader of lists by skip/pageSize, without a dict per row.

A page keeps each row's JSON bytes untouched, so that every number reaches the warehouse with its digits.
Each page after the first begins with the last row of the page before. If the list has changed, another row stands
there, and the reader goes back until it meets a row that it knows: no row that exists all the time is skipped.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from talon_one_client.errors import BadRequestError, UnexpectedResponseError
from talon_one_client.paging.known_rows import KnownRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from talon_one_client.endpoints import Endpoint

log = logging.getLogger("talon_one_client")

LEAST_ROWS = 2  # a page of one row cannot overlap with the page before it
OVERLAP = 1  # rows of the page before that each further page requests again
STUCK_PAGES = 2  # pages without a new row and without progress before the list is given up


class Page(msgspec.Struct):
    """A page of raw rows.

    Attributes:
        data: the rows as they came.
        has_more: whether rows follow, None if unknown; see ``more_after``.
        total: ``totalResultSize``.
        says_more: ``hasMore`` is true.
        keys: ids of the rows, if they were decoded.
    """

    data: list[msgspec.Raw] = []
    has_more: bool | None = None
    total: int | None = None
    says_more: bool = False
    keys: list[int | str] = []

    def more_after(self, skip: int) -> bool | None:
        """Return whether rows follow, by ``hasMore`` or by the total; None if the server says neither.

        The eras disagree on which of ``hasMore`` and ``totalResultSize`` is filled and send the other one as false
        or 0, so that either of them can say yes, and a total of 0 alone says nothing.
        """
        if self.has_more or (self.total or 0) > skip + len(self.data):
            return True
        return False if self.has_more is not None or self.total else None


class _WirePage(msgspec.Struct):
    """A page on the wire, where an empty list may be null."""

    data: list[msgspec.Raw] | None
    has_more: bool | None = msgspec.field(default=None, name="hasMore")
    total: int | None = msgspec.field(default=None, name="totalResultSize")


_wire_page = msgspec.json.Decoder(_WirePage)


def decode_page(body: bytes) -> Page:
    """Decode a page. Raises msgspec.DecodeError if the body is none."""
    sent = _wire_page.decode(body)
    page = Page(sent.data or [], sent.has_more, sent.total, says_more=bool(sent.has_more))
    if page.says_more and not page.data:
        raise msgspec.ValidationError("the page has no rows, and hasMore says that there are more")
    return page


@cache
def _decoder_with_keys(key: str) -> Callable[[bytes], Page]:
    row = msgspec.defstruct("RowWithKey", [("key", int | str)], rename={"key": key})
    decode_row: Callable[[msgspec.Raw], Any] = msgspec.json.Decoder(row).decode

    def decode(body: bytes) -> Page:
        page = decode_page(body)
        page.keys = [decode_row(raw).key for raw in page.data]
        return page

    return decode


class EndpointCaller(Protocol):
    """Calls an operation by its row of the endpoint table, as TalonOneClient does."""

    def call(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
        decode: Callable[[bytes], Any] = ...,
    ) -> Any:
        """Return the decoded answer."""
        ...


class Fetch(Protocol):
    """Gets one page of a list."""

    def __call__(self, skip: int, page_size: int, query: Mapping[str, Any] | None = None) -> Page:
        """Return the page at ``skip``; query parameters by wire name."""
        ...


@dataclass
class PageSize:
    """The page size in use, shared by all reads of an endpoint: it starts at the maximum and falls back once.

    The older era takes at most 50 rows a page from the profile and program ledgers and answers 400 to more.
    """

    endpoint: Endpoint
    wanted: int | None = None

    def __post_init__(self) -> None:
        cap = self.endpoint.max_page_size("current")
        self.value = max(LEAST_ROWS, min(self.wanted or cap, cap))

    def smaller_than(self, asked: int) -> int | None:
        """Return the older maximum, to be tried where ``asked`` was refused; None if ``asked`` is not above it."""
        smaller = self.endpoint.max_page_size("seed")
        return smaller if smaller < asked else None

    def accepted(self, size: int) -> None:
        """Request no more than ``size`` rows from now on."""
        self.value = min(self.value, size)


def fetcher(
    client: EndpointCaller,
    endpoint: Endpoint,
    path: Mapping[str, str | int],
    size: PageSize,
    decode: Callable[[bytes], Page] = decode_page,
) -> Fetch:
    """Return a Fetch for one list, which falls back to a smaller page size by itself."""

    def fetch(skip: int, page_size: int, query: Mapping[str, Any] | None = None) -> Page:
        asked = min(page_size, size.value)
        try:
            return _get(skip, asked, query or {})
        except BadRequestError as error:
            smaller = size.smaller_than(asked)
            if error.status != 400 or smaller is None:
                raise
            page = _get(skip, smaller, query or {})
            size.accepted(smaller)
            return page

    def _get(skip: int, asked: int, query: Mapping[str, Any]) -> Page:
        page: Page | None = client.call(
            endpoint, path=path, query={**query, "pageSize": asked, "skip": skip}, decode=decode
        )
        if page is None:
            raise UnexpectedResponseError("the page is empty", operation=endpoint.name)
        page.has_more = page.more_after(skip)
        if page.has_more and len(page.data) < asked and len(page.data) == size.smaller_than(asked):
            size.accepted(len(page.data))  # the server has silently cut the page to the older maximum
        return page

    return fetch


def paginate(
    client: EndpointCaller,
    endpoint: Endpoint,
    *,
    path: Mapping[str, str | int] | None = None,
    query: Mapping[str, Any] | None = None,
    page_size: int | PageSize | None = None,
    on_short: Callable[[], None] | None = None,
) -> Iterator[list[msgspec.Raw]]:
    """Read a complete list; yields its rows as they came, each once, in pages that are never empty.

    Args:
        client: makes the calls.
        endpoint: row of the endpoint table whose list is paged.
        path: path parameters by wire name.
        query: query parameters by wire name, without those of the page.
        page_size: rows of one request; None: the most that the endpoint allows. Several reads may share a PageSize, so
            that the maximum of an older deployment is found once.
        on_short: is called if the list ends before the number of rows that the server counts.

    Raises:
        UnexpectedResponseError: pages hold nothing new though the server says that more rows follow.
        TalonOneError: see talon_one_client.errors.
    """
    size = page_size if isinstance(page_size, PageSize) else PageSize(endpoint, page_size)
    fetch = fetcher(client, endpoint, path or {}, size, _decoder_with_keys(endpoint.row_key))
    return _Listing(endpoint, fetch, size, query or {}, on_short).pages()


@dataclass
class _Listing:
    """One list while it is read.

    Attributes:
        end: offset after the last page that was accepted.
        rows: number of rows on that page.
    """

    endpoint: Endpoint
    fetch: Fetch
    size: PageSize
    query: Mapping[str, Any]
    on_short: Callable[[], None] | None = None
    end: int = 0
    rows: int = 0

    def __post_init__(self) -> None:
        self._known = KnownRows()
        self._last = self._stuck = 0

    def pages(self) -> Iterator[list[msgspec.Raw]]:
        """Yield the rows of each page that are new."""
        while True:
            page, overlap = self._next()
            keys = page.keys
            fresh = [raw for raw, key in zip(page.data, keys, strict=True) if self._known.add(key)]
            if fresh:
                yield fresh
            if page.has_more is False and not self._may_lie(page):
                return
            if not fresh and len(keys) <= overlap and not page.says_more:
                self._warn_if_short(page)
                return
            self._check_progress(keys, fresh)
            self.rows = len(keys)

    def _next(self) -> tuple[Page, int]:
        """Return the next page that begins with a known row, and how many of its rows were requested again."""
        back = overlap = min(OVERLAP, max(0, self.rows - 1))
        while True:
            skip = max(0, self.end - back)
            page = self.fetch(skip, self.size.value, self.query)
            if not skip or not overlap or (page.keys and page.keys[0] in self._known):
                self.end = skip + len(page.keys)
                return page, back
            log.info("%s: the list changed while it was read; reading back before row %d", self.endpoint.name, skip)
            back += max(1, self.rows // 2)

    def _may_lie(self, page: Page) -> bool:
        """Return whether only a total says that the list ends with a full page: some count the page, or up to a cap."""
        return bool(page.total) and len(page.data) >= self.size.value

    def _check_progress(self, keys: Sequence[int | str], fresh: Sequence[Any]) -> None:
        """Refuse a list that makes no progress.

        Inserted rows shift known ones onto a page, so that it may hold nothing new; but then it ends at a later row.
        """
        last = self._known.number(keys[-1]) if keys else self._last
        self._stuck = 0 if fresh or last > self._last else self._stuck + 1
        self._last = last
        if self._stuck >= STUCK_PAGES:
            raise UnexpectedResponseError(
                "the server says that more rows follow and sends nothing new "
                f"(offset {self.end:,}, {self._known.count:,} rows read); the list is incomplete. "
                "Check base_url and every proxy or gateway between this machine and Talon.One, then run again",
                operation=self.endpoint.name,
            )

    def _warn_if_short(self, page: Page) -> None:
        if (page.total or 0) > self._known.count:
            log.warning(
                "%s: the server counts %s rows and lists %s",
                self.endpoint.name,
                f"{page.total:,}",
                f"{self._known.count:,}",
            )
            if self.on_short is not None:
                self.on_short()
