"""Pages of rows: reading them by skip/pageSize without building a dict per row.

A page keeps each row's JSON bytes untouched, so that every number reaches the warehouse with its digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from talon_one_client.errors import BadRequestError, UnexpectedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint


class Page(msgspec.Struct):
    """``{data: [row], hasMore, totalResultSize}`` with the rows as raw JSON."""

    data: list[msgspec.Raw] = []
    has_more: bool | None = None
    total: int | None = None

    def more_after(self, skip: int, asked: int) -> bool:
        """True if rows follow: by ``hasMore``, by the total, or by a full page if neither is sent.

        Never after an empty page. The eras disagree on which of ``hasMore`` and ``totalResultSize`` is filled and
        send the other one as false or 0, so that either of them can say yes, and no means little alone.
        """
        if not self.data:
            return False
        if self.has_more or (self.total or 0) > skip + len(self.data):
            return True
        return self.has_more is None and not self.total and len(self.data) >= asked


class _Sent(msgspec.Struct):
    """A page as it may come: an empty list can be null."""

    data: list[msgspec.Raw] | None = None
    has_more: bool | None = msgspec.field(default=None, name="hasMore")
    total: int | None = msgspec.field(default=None, name="totalResultSize")


_sent = msgspec.json.Decoder(_Sent)


def _decode_page(body: bytes) -> Page:
    sent = _sent.decode(body)
    return Page(sent.data or [], sent.has_more, sent.total)


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
    client: TalonOneClient, endpoint: Endpoint, path: Mapping[str, str | int], size: PageSize
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
            endpoint, path=path, query={**query, "pageSize": asked, "skip": skip}, decode=_decode_page
        )
        if page is None:
            raise UnexpectedResponseError("the page is empty", operation=endpoint.name)
        page.has_more = page.more_after(skip, asked)
        if page.has_more and len(page.data) < asked and len(page.data) == size.smaller_than(asked):
            size.accepted(len(page.data))  # cut to the older cap without a word
        return page

    return fetch


def pages(fetch: Fetch, size: PageSize, **query: Any) -> Iterator[Sequence[msgspec.Raw]]:
    """All pages of a list that does not change while it is read; empty pages are left out.

    Always sends pageSize, advances by the rows received and stops on ``hasMore: false`` or an empty page.
    """
    skip = 0
    while True:
        page = fetch(skip, size.value, **query)
        if page.data:
            yield page.data
        skip += len(page.data)
        if not page.has_more:
            return
