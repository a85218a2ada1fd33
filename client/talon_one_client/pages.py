"""Pages of rows: reading them by skip/pageSize without building a dict per row.

A page keeps each row's JSON bytes untouched, so that every number reaches the warehouse with its digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from talon_one_client.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint


class Page(msgspec.Struct, rename={"has_more": "hasMore", "total": "totalResultSize"}):
    """``{data: [row], hasMore, totalResultSize}`` with the rows as raw JSON."""

    data: list[msgspec.Raw] = []
    has_more: bool | None = None
    total: int | None = None

    def more_after(self, asked: int) -> bool:
        """True if rows follow: ``hasMore`` where it is sent, else a full page; never after an empty one.

        ``totalResultSize`` is not trusted: the eras disagree on when it is filled.
        """
        if not self.data:
            return False
        return self.has_more if self.has_more is not None else len(self.data) >= asked


_decode_page = msgspec.json.Decoder(Page).decode


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

    def fall_back(self) -> bool:
        """Use the older cap from now on; False if it is in use already."""
        smaller = self.endpoint.max_page_size("seed")
        if self.value <= smaller:
            return False
        self.value = smaller
        return True


def fetcher(
    client: TalonOneClient, endpoint: Endpoint, path: Mapping[str, str | int], size: PageSize
) -> Callable[..., Page]:
    """A Fetch for one list, with the fall-back of ``size`` built in."""

    def fetch(skip: int, page_size: int, **query: Any) -> Page:
        asked = min(page_size, size.value)
        try:
            return _get(skip, asked, query)
        except BadRequestError as error:
            if error.status != 400 or not size.fall_back():
                raise
            return _get(skip, min(asked, size.value), query)

    def _get(skip: int, asked: int, query: Mapping[str, Any]) -> Page:
        page: Page = client.call(
            endpoint, path=path, query={**query, "pageSize": asked, "skip": skip}, decode=_decode_page
        )
        page.has_more = page.more_after(asked)
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
