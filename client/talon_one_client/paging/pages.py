"""Pages of rows: the only reader of lists by skip/pageSize, without building a dict per row.

A page keeps each row's JSON bytes untouched, so that every number reaches the warehouse with its digits.
Each page after the first begins with the last row of the page before. If the list has moved, that row is not there,
and the reader goes back until it meets a row that it knows: no row that is there all the time is passed over.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from talon_one_client.errors import BadRequestError, UnexpectedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint

log = logging.getLogger("talon_one_client")

OVERLAP = 1  # rows of the page before that each further page asks for again
REMEMBERED = 20_000  # rows whose ids are kept, so that memory does not grow with the list
STUCK_PAGES = 2  # pages that bring nothing and lead nowhere before the list is given up


class Page(msgspec.Struct):
    """``{data: [row], hasMore, totalResultSize}`` with the rows as raw JSON."""

    data: list[msgspec.Raw] = []
    has_more: bool | None = None
    total: int | None = None
    says_more: bool = False
    keys: list[int | str] = []

    def more_after(self, skip: int) -> bool | None:
        """Whether rows follow: by ``hasMore`` or by the total; None if the server says neither.

        The eras disagree on which of ``hasMore`` and ``totalResultSize`` is filled and send the other one as false
        or 0, so that either of them can say yes, and a total of 0 alone says nothing.
        """
        if self.has_more or (self.total or 0) > skip + len(self.data):
            return True
        return False if self.has_more is not None or self.total else None


class _Sent(msgspec.Struct):
    """A page as it may come: an empty list can be null."""

    data: list[msgspec.Raw] | None
    has_more: bool | None = msgspec.field(default=None, name="hasMore")
    total: int | None = msgspec.field(default=None, name="totalResultSize")


class _Keyed(msgspec.Struct):
    id: int | str


_sent = msgspec.json.Decoder(_Sent)
_keyed = msgspec.json.Decoder(_Keyed)


def _decode_page(body: bytes) -> Page:
    sent = _sent.decode(body)
    page = Page(sent.data or [], sent.has_more, sent.total, says_more=bool(sent.has_more))
    if page.says_more and not page.data:
        raise msgspec.ValidationError("the page has no rows, and hasMore says that there are more")
    return page


def _decode_keyed_page(body: bytes) -> Page:
    page = _decode_page(body)
    page.keys = [_keyed.decode(raw).id for raw in page.data]
    return page


class Fetch(Protocol):
    """Gets one page: (skip, page size, query parameters)."""

    def __call__(self, skip: int, page_size: int, **query: Any) -> Page:
        """One page at ``skip``; query parameters by wire name."""
        ...


@dataclass
class PageSize:
    """The page size in use, shared by all reads of an endpoint: starts at the cap and falls back once.

    The older era takes at most 50 rows a page from the profile and program ledgers and answers 400 to more.
    """

    endpoint: Endpoint
    wanted: int | None = None

    def __post_init__(self) -> None:
        cap = self.endpoint.max_page_size("current")
        self.value = min(self.wanted or cap, cap)

    def smaller_than(self, asked: int) -> int | None:
        """The older cap, to be tried where ``asked`` was refused; None if that was no more than the cap."""
        smaller = self.endpoint.max_page_size("seed")
        return smaller if smaller < asked else None

    def accepted(self, size: int) -> None:
        """From now on ask for no more than ``size``."""
        self.value = min(self.value, size)


def fetcher(
    client: TalonOneClient,
    endpoint: Endpoint,
    path: Mapping[str, str | int],
    size: PageSize,
    decode: Callable[[bytes], Page] = _decode_page,
) -> Callable[..., Page]:
    """A Fetch for one list, with the fall-back of ``size`` built in."""

    def fetch(skip: int, page_size: int, **query: Any) -> Page:
        asked = min(page_size, size.value)
        try:
            return _get(skip, asked, query)
        except BadRequestError as error:
            smaller = size.smaller_than(asked)
            if error.status != 400 or smaller is None:
                raise
            page = _get(skip, smaller, query)
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
            size.accepted(len(page.data))  # cut to the older cap without a word
        return page

    return fetch


def paginate(
    client: TalonOneClient,
    endpoint: Endpoint,
    *,
    path: Mapping[str, str | int] | None = None,
    query: Mapping[str, Any] | None = None,
    page_size: int | PageSize | None = None,
) -> Iterator[list[msgspec.Raw]]:
    """Read a whole list; yields its rows as they came, each once, in pages that are never empty.

    Args:
        endpoint: row of the endpoint table whose list is paged.
        path: path parameters by wire name.
        query: query parameters by wire name, without those of the page.
        page_size: rows to ask for at once; the largest that the endpoint allows without it. A PageSize is shared by
            several reads, so that the cap of an older deployment is found out once.

    Raises:
        UnexpectedResponseError: pages bring nothing new though the server says that more rows follow.
        TalonOneError: see talon_one_client.errors.
    """
    size = page_size if isinstance(page_size, PageSize) else PageSize(endpoint, page_size)
    fetch = fetcher(client, endpoint, path or {}, size, _decode_keyed_page)
    return _Listing(endpoint, fetch, size, query or {}).pages()


@dataclass
class _Listing:
    """One list on its way.

    Attributes:
        end: offset behind the last page that was accepted.
        rows: on that page.
    """

    endpoint: Endpoint
    fetch: Fetch
    size: PageSize
    query: Mapping[str, Any]
    end: int = 0
    rows: int = 0

    def __post_init__(self) -> None:
        self._known = _Known()
        self._last = self._stuck = 0

    def pages(self) -> Iterator[list[msgspec.Raw]]:
        """The rows that are new on each page."""
        while True:
            page, overlap = self._next()
            keys = page.keys
            fresh = [raw for raw, key in zip(page.data, keys, strict=True) if self._known.add(key)]
            if fresh:
                yield fresh
            if page.has_more is False:
                return
            if not fresh and len(keys) <= overlap and not page.says_more:
                self._warn_if_short(page)
                return
            self._check_progress(keys, fresh)
            self.rows = len(keys)

    def _next(self) -> tuple[Page, int]:
        """The next page that begins with a known row, and how many of its rows were asked for again."""
        back = overlap = min(OVERLAP, max(0, self.rows - 1))
        while True:
            skip = max(0, self.end - back)
            page = self.fetch(skip, self.size.value, **self.query)
            if not skip or not overlap or (page.keys and page.keys[0] in self._known):
                self.end = skip + len(page.keys)
                return page, back
            log.info("%s: the list changed while it was read; reading back before row %d", self.endpoint.name, skip)
            back += max(1, self.rows // 2)

    def _check_progress(self, keys: Sequence[int | str], fresh: Sequence[Any]) -> None:
        """Rows inserted before shift known ones onto a page: it may bring nothing new, but it ends further on."""
        last = self._known.number(keys[-1]) if keys else self._last
        self._stuck = 0 if fresh or last > self._last else self._stuck + 1
        self._last = last
        if self._stuck >= STUCK_PAGES:
            raise UnexpectedResponseError(
                "the server says that more rows follow and sends nothing new "
                f"(offset {self.end:,}, {self._known.count:,} rows read); the list is incomplete. "
                "Check base_url and what stands between you and Talon.One, then run again",
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


class _Known:
    """The ids of the rows read last, numbered in the order in which they came."""

    def __init__(self) -> None:
        self._numbers: OrderedDict[int | str, int] = OrderedDict()
        self.count = 0

    def __contains__(self, key: int | str) -> bool:
        return key in self._numbers

    def add(self, key: int | str) -> bool:
        """True if the id is new."""
        if key in self._numbers:
            return False
        self._numbers[key] = self.count
        self.count += 1
        if len(self._numbers) > REMEMBERED:
            self._numbers.popitem(last=False)
        return True

    def number(self, key: int | str) -> int:
        """Return the place of an id in the order of reading."""
        return self._numbers[key]
