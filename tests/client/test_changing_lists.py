"""Every paged list of the endpoint table against servers whose lists move, stop, repeat themselves or break."""

import gzip
import json
import re
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import talon_one_schemas
from talon_one_client import RetryConfig
from talon_one_client import endpoints as ep
from talon_one_client.errors import TalonOneError, UnexpectedResponseError
from tests.examples import examples

ROOT = Path(__file__).parents[2]
PAGE = 10
PAGED = [row for row in ep.ALL if "pageSize" in row.query_by_name]
every_list = pytest.mark.parametrize("row", PAGED, ids=lambda row: row.name)


class List:
    """Rows behind any paged endpoint, in the envelope that its schema documents.

    ``change`` is called after each page; ``spoil`` makes (status, headers, body) of an answer that would be right.
    """

    def __init__(self, row, rows=95):
        self.rows = list(range(1, rows + 1))
        self.key = row.row_key
        self.envelope = set(talon_one_schemas.record(row.responses[200])["properties"])
        self.asked = []
        self.change = lambda: None
        self.spoil = lambda page: None
        self.cap = PAGE

    def __call__(self, handler):
        """Answer a request."""
        query = parse_qs(urlsplit(handler.path).query)
        skip, size = int(query["skip"][0]), int(query["pageSize"][0])
        self.asked.append((skip, size))
        page = self.page(skip, min(size, self.cap))
        spoiled = self.spoil(page)
        self.change()
        return spoiled or (200, {}, json.dumps(page).encode())

    def page(self, skip, size):
        """Return a page in the envelope of the list."""
        data = [{self.key: number, "created": "2025-01-01T00:00:00Z"} for number in self.rows[skip : skip + size]]
        page = {"data": data, "hasMore": skip + size < len(self.rows), "totalResultSize": len(self.rows)}
        return {name: value for name, value in page.items() if name in self.envelope}


@pytest.fixture
def opened(serve, client_of):
    """Serves a List of an endpoint over HTTP, and returns it with ``ids``, a function that reads it completely."""

    def make(row, rows=95, page_size=PAGE):
        there = List(row, rows)
        client = client_of(serve(there).url, retry=RetryConfig(max_attempts=3))
        path = {param.name: 1 for param in row.path_params}
        pages = client.paginate(row, path=path, page_size=page_size)
        return there, lambda: [one[row.row_key] for page in pages for one in page]

    return make


def once(happens):
    """Calls a function the second time it is called, and never again."""
    times = iter([False, True])
    return lambda *args: happens(*args) if next(times, False) else None


@every_list
def test_a_list_that_stands_still_is_read_with_one_row_of_overlap(opened, row):
    """Each page requests the last row of the page before again."""
    there, ids = opened(row)
    assert there.rows == ids()
    assert [(skip, PAGE) for skip in range(0, 91, PAGE - 1)] == there.asked


@every_list
@pytest.mark.parametrize("gone", [1, 4, 9, 10, 11, 35])
def test_rows_that_go_away_hide_no_others(opened, row, gone):
    """A deletion that shifts rows onto pages that were already read loses none of them."""
    there, ids = opened(row)
    calls = iter(range(100))
    there.change = lambda: there.rows.__delitem__(slice(0, gone)) if next(calls) == 4 else None
    survivors = set(there.rows[gone:])
    found = ids()
    assert set() == survivors - set(found)
    assert len(set(found)) == len(found)


@every_list
@pytest.mark.parametrize("new", [1, 8, 9, 10, 35])
def test_rows_that_come_in_front_double_no_others(opened, row, new):
    """An insertion that shifts known rows onto the next pages duplicates none of them."""
    there, ids = opened(row)
    before = list(there.rows)
    calls = iter(range(100))
    there.change = lambda: there.rows.__setitem__(slice(0, 0), range(500, 500 + new)) if next(calls) == 4 else None
    found = ids()
    assert set() == set(before) - set(found)
    assert len(set(found)) == len(found)


@every_list
@pytest.mark.parametrize("cap", [1, 2, 7])
def test_short_pages_are_pages(opened, row, cap):
    """A server that sends fewer rows than requested is read to its end."""
    there, ids = opened(row, page_size=None)
    there.cap = cap
    assert there.rows == ids()


@pytest.mark.parametrize("lie", [lambda page: len(page["data"]), lambda _: 1, lambda _: 30], ids=["page", "1", "cap"])
@every_list
def test_a_total_that_is_too_small_ends_no_list(opened, row, lie):
    """Some servers count the rows of the page, or up to a maximum: a full page is followed by another request."""
    there, ids = opened(row)
    if "totalResultSize" not in there.envelope:
        return
    there.spoil = lambda page: (200, {}, json.dumps(page | {"totalResultSize": lie(page), "hasMore": False}).encode())
    assert there.rows == ids()


@every_list
def test_a_server_that_ignores_skip_is_noticed_after_two_more_pages(opened, row):
    """The same page with a promise of more raises an error that names the operation."""
    there, ids = opened(row)
    there.spoil = lambda _: (200, {}, json.dumps({**there.page(0, PAGE), "hasMore": True}).encode())
    with pytest.raises(UnexpectedResponseError, match=f"{row.name}: .*sends nothing new"):
        ids()
    assert len(there.asked) <= 3


@every_list
def test_an_end_that_promises_more_is_noticed(opened, row):
    """``hasMore: true`` behind the last row raises an error and does not loop endlessly."""
    there, ids = opened(row, rows=25)
    there.spoil = lambda page: (200, {}, json.dumps({**page, "hasMore": True}).encode())
    with pytest.raises(UnexpectedResponseError, match=row.name):
        ids()
    assert len(there.asked) <= 10


def _message(_page):
    return 200, {}, b'{"message":"temporarily unavailable"}'


def _no_rows(_page):
    return 200, {}, b'{"data":[],"hasMore":true}'


def _cut_gzip(page):
    packed = gzip.compress(json.dumps(page).encode())
    return 200, {"Content-Encoding": "gzip"}, packed[: len(packed) // 2]


def _gzip_without_end(page):
    return 200, {"Content-Encoding": "gzip"}, gzip.compress(json.dumps(page).encode())[:-8]


def _rows_without_id(page):
    return 200, {}, json.dumps({**page, "data": [{"name": "x"}]}).encode()


def _cut_json(page):
    return 200, {}, json.dumps(page).encode()[:-1]


BROKEN = [_message, _no_rows, _cut_gzip, _gzip_without_end, _rows_without_id, _cut_json]
every_break = pytest.mark.parametrize("spoil", BROKEN, ids=lambda each: each.__name__.strip("_"))


@every_list
@every_break
def test_a_page_that_is_broken_once_is_asked_for_again(opened, row, spoil):
    """A page that is broken once is requested again, and no row is missing."""
    there, ids = opened(row)
    there.spoil = once(spoil)
    assert there.rows == ids()


@every_list
@every_break
def test_a_page_that_stays_broken_is_an_error(opened, row, spoil):
    """A page that stays broken raises an error and is not taken for the end of the list."""
    there, ids = opened(row)
    there.spoil = spoil
    with pytest.raises(TalonOneError, match=row.name):
        ids()


@given(st.integers(0, 99), st.integers(2, 12), st.integers(0, 3), st.integers(0, 3))
@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_list_that_moves_after_every_page_loses_nothing(opened, seed, size, gone, new):
    """A row that exists all the time comes once while others come and go."""
    random = Random(seed)
    there, ids = opened(ep.GET_LOYALTY_CARDS, page_size=size)
    before, fresh = set(there.rows), iter(range(1000, 9999))

    def change():
        for _ in range(min(gone, len(there.rows))):
            there.rows.pop(random.randrange(len(there.rows)))
        if len(there.asked) < 40:
            for _ in range(min(new, size - 2)):
                there.rows.insert(random.randrange(len(there.rows) + 1), next(fresh))

    there.change = change
    found = ids()
    assert set() == (before & set(there.rows)) - set(found)
    assert len(set(found)) == len(found)


READERS = {  # who may know how pages are asked for: the paginator, the table, and a typed method for each operation
    "client/talon_one_client/paging/pages.py",
    "client/talon_one_client/paging/window_reader.py",
    "client/talon_one_client/endpoints.py",
    "client/talon_one_client/operations/account.py",
    "client/talon_one_client/operations/audiences.py",
    "client/talon_one_client/operations/catalogs.py",
    "client/talon_one_client/operations/coupons.py",
    "client/talon_one_client/operations/customers.py",
    "client/talon_one_client/operations/loyalty.py",
    "client/talon_one_client/operations/loyalty_points.py",
    "client/talon_one_client/operations/loyalty_programs.py",
    "client/talon_one_client/operations/management/account_lists.py",
    "client/talon_one_client/operations/management/campaigns.py",
    "client/talon_one_client/operations/management/events.py",
    "client/talon_one_client/operations/sessions.py",
    "client/talon_one_client/paging/page_counts.py",
    "provider/airflow_provider_talon_one/operators/coupons.py",
    "provider/airflow_provider_talon_one/operators/customers.py",
    "provider/airflow_provider_talon_one/operators/loyalty.py",
    "provider/airflow_provider_talon_one/operators/loyalty_points.py",
    "client/talon_one_client/connection/check.py",  # probes of keys: one row each
    "target/target_talon_one/lookups/existence.py",  # probes of ids: one row each
    "client/talon_one_client/http/response_shapes.py",  # which keys a page must have
}
ASKING = re.compile(r"pageSize|hasMore|totalResultSize|has_more|\bskip\s*=|[\"']skip[\"']: *[^\W_]")


def test_there_is_one_paginator():
    """No other module requests pages by skip and pageSize or checks whether more follow."""
    found = {
        str(file.relative_to(ROOT))
        for part in ("cli", "client", "loading", "provider", "schemas", "singer", "tap", "target", "warehouse")
        for file in (ROOT / part).rglob("*.py")
        if ASKING.search(file.read_text(encoding="utf-8"))
    }
    assert READERS >= found, f"use TalonOneClient.paginate in {sorted(found - READERS)}"
