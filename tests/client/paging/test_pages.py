"""Reading lists page by page, in both eras and where page sizes are clamped."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import msgspec
import pytest

from talon_one_client import endpoints as ep
from talon_one_client.errors import BadRequestError, UnexpectedResponseError
from talon_one_client.paging.page_counts import page_count
from talon_one_client.paging.pages import PageSize, fetcher, paginate

PROFILE_LEDGER = (
    ep.GET_LOYALTY_PROGRAM_PROFILE_TRANSACTIONS,
    {"loyaltyProgramId": 2, "integrationId": "profile-000001"},
)
CARD_LEDGER = (ep.GET_LOYALTY_CARD_TRANSACTIONS, {"loyaltyProgramId": 1, "loyaltyCardId": "card-000001"})


def read(client, row, path, wanted=None, **query):
    """Ids of all rows, and the page size in use at the end."""
    size = PageSize(row, wanted)
    found = [
        msgspec.json.decode(raw)["id"]
        for page in paginate(client, row, path=path, query=query, page_size=size)
        for raw in page
    ]
    return found, size.value


def asked(emu):
    """(pageSize, skip, status) of each request."""
    queries = [(parse_qs(entry["query"]), entry["status"]) for entry in emu.requests()]
    return [(int(query["pageSize"][0]), int(query["skip"][0]), status) for query, status in queries]


@pytest.fixture
def ledger(emu):
    """230 rows on a card and on a profile, in an era and with switches."""

    def make(era="current", **switches):
        emu.reset("synthetic", era=era, cards=1, transactions=230, profile_transactions=230)
        if switches:
            emu.switch(**switches)
        return emu

    return make


def test_pages_follow_each_other(ledger, client):
    """PageSize is always sent, skip grows by the rows received less one, the last page is known by hasMore."""
    emu = ledger()
    found, _ = read(client, *CARD_LEDGER, wanted=100)
    assert 230 == len(found)
    assert 230 == len(set(found))
    assert [(100, 0, 200), (100, 99, 200), (100, 198, 200)] == asked(emu)


def test_a_full_last_page_takes_no_further_call(ledger, client):
    """A full last page takes no further call if hasMore is false."""
    emu = ledger()
    assert 230 == len(read(client, *CARD_LEDGER, wanted=230)[0])
    assert 1 == len(asked(emu))


def test_the_older_era_is_found_out_once(ledger, client):
    """A page size of 1,000 is refused once, and 50 is remembered."""
    emu = ledger("seed")
    found, size = read(client, *PROFILE_LEDGER)
    assert 230 == len(set(found))
    assert 50 == size
    assert [(1000, 0, 400), *((50, skip, 200) for skip in range(0, 230, 49))] == asked(emu)


def test_the_older_era_is_found_out_by_many_threads_at_once(ledger, client):
    """All threads that share a size fall back, also those that asked before it was known."""
    ledger("seed").fault(PROFILE_LEDGER[0].name, "latency", count=0, seconds=0.05)
    size = PageSize(PROFILE_LEDGER[0])
    with ThreadPoolExecutor(6) as pool:
        fetch = fetcher(client, *PROFILE_LEDGER, size)
        found = list(pool.map(lambda _: fetch(0, size.value), range(6)))
    assert [50] * 6 == [len(page.data) for page in found]
    assert 50 == size.value


def test_another_400_is_no_reason_to_remember(ledger, client):
    """A smaller page size is remembered only if it was accepted; otherwise the error of the server is raised."""
    ledger()
    size = PageSize(PROFILE_LEDGER[0])
    with pytest.raises(BadRequestError, match="startDate"):
        fetcher(client, *PROFILE_LEDGER, size)(0, 1000, {"startDate": "soon"})
    assert 1000 == size.value


def test_a_list_with_one_cap_does_not_fall_back(ledger, client):
    """A list with one maximum in both eras does not fall back: a 400 has another reason."""
    emu = ledger("seed")
    with pytest.raises(BadRequestError):
        read(client, *CARD_LEDGER, startDate="soon")
    assert 1 == len(asked(emu))


@pytest.mark.parametrize("order", ["shuffled", "newest", "oldest"])
def test_a_clamped_page_is_followed_by_the_next_row(ledger, client, order):
    """The next skip follows the rows that came, not those that were requested."""
    emu = ledger("seed", page_size_above_max="clamp", order=order)
    found, _ = read(client, *PROFILE_LEDGER)
    assert 230 == len(found)
    assert 230 == len(set(found))
    assert [(1000, 0, 200), *((50, skip, 200) for skip in range(49, 230, 49))] == asked(emu)


@pytest.mark.parametrize("era", ["seed", "current"])
@pytest.mark.parametrize("with_total", [None, True, False])
@pytest.mark.parametrize("wanted", [1, 7, 30, 31, 1000])
def test_lists_whose_answers_differ_between_the_eras(emu, client, era, with_total, wanted):
    """A list is read completely and without duplicates by hasMore or totalResultSize, whichever is filled."""
    emu.reset("empty", era=era)
    for n in range(30):
        client.create_audience_v2({"name": f"a{n}"})
    found, _ = read(client, ep.GET_AUDIENCES, {}, wanted, withTotalResultSize=with_total)
    assert 30 == len(found)
    assert 30 == len(set(found))


@pytest.mark.parametrize("era", ["seed", "current"])
@pytest.mark.parametrize(
    ("row", "path", "expected"),
    [
        (ep.GET_LOYALTY_CARDS, {"loyaltyProgramId": 1}, 25),
        (ep.GET_CUSTOMER_PROFILES, {}, 25),
        (ep.GET_APPLICATION_CUSTOMERS, {"applicationId": 1}, 25),
        (ep.LIST_CATALOG_ITEMS, {"catalogId": 1}, 25),
        (ep.GET_ATTRIBUTES, {}, 3),
        (ep.GET_APPLICATIONS, {}, 1),
        (ep.GET_LOYALTY_PROGRAM_TRANSACTIONS, {"loyaltyProgramId": 1}, 50),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_every_list_is_read_whole(emu, client, era, row, path, expected):
    """Every list is read completely in small pages, whatever envelope its pages have."""
    emu.reset("synthetic", era=era, cards=25, transactions=2)
    found, _ = read(client, row, path, wanted=2)
    assert expected == len(found)
    assert expected == len(set(found))


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([b'{"data":[{"id":1},{"id":2}],"hasMore":true}', b'{"data":[{"id":2},{"id":3}],"hasMore":false}'], 3),
        ([b'{"data":[{"id":1},{"id":2}]}', b'{"data":[{"id":2},{"id":3}]}', b'{"data":[{"id":3}]}'], 3),
        ([b'{"data":[{"id":1}]}', b'{"data":[]}'], 1),
        ([b'{"data":null,"hasMore":false}'], 0),
        ([b'{"data":[]}'], 0),
        ([b'{"data":[{"id":1},{"id":2}],"hasMore":false,"totalResultSize":0}'], 2),
        (
            [
                b'{"data":[{"id":1}],"hasMore":null,"totalResultSize":2}',
                b'{"data":[{"id":2}],"totalResultSize":2}',
            ],
            2,
        ),
        ([b'{"data":[{"id":1},{"id":2}],"totalResultSize":9}', b'{"data":[{"id":2}],"totalResultSize":9}'], 2),
    ],
)
def test_every_kind_of_end(serve, client_of, answers, expected):
    """A list ends by its flag or its total; without both, a page that brings no further row ends it."""
    left = list(answers)
    client = client_of(serve(lambda _: (200, {}, left.pop(0))).url)
    found, _ = read(client, ep.GET_AUDIENCES, {}, 2)
    assert expected == len(found)
    assert [] == left


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (b'{"data":[{"id":2}],"totalResultSize":9}', ["short"]),
        (b'{"data":[{"id":2}],"totalResultSize":2}', []),
        (b'{"data":[{"id":2}],"hasMore":false,"totalResultSize":0}', []),
        (b'{"data":[{"id":2}]}', []),
    ],
)
def test_a_list_that_ends_before_its_total_is_reported(serve, client_of, end, expected):
    """The caller learns that the server counts more rows than it lists."""
    left, found = [b'{"data":[{"id":1},{"id":2}],"totalResultSize":9}', end], []
    client = client_of(serve(lambda _: (200, {}, left.pop(0))).url)
    assert 2 == sum(map(len, paginate(client, ep.GET_AUDIENCES, page_size=2, on_short=lambda: found.append("short"))))
    assert expected == found


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":5}',
        b'{"data":[],"hasMore":"no"}',
        b"[]",
        b"",
        b"<html>",
        b"{}",
        b'{"message":"temporarily unavailable"}',
        b'{"data":null,"hasMore":true}',
        b'{"data":[],"hasMore":true,"totalResultSize":9}',
    ],
)
def test_what_is_no_page_is_reported(serve, client_of, body):
    """An answer that is not a page raises an error and does not count as an empty list."""
    client = client_of(serve((200, {}, body)).url)
    with pytest.raises(UnexpectedResponseError):
        read(client, ep.GET_AUDIENCES, {})


def test_rows_keep_their_bytes(client):
    """A row keeps its bytes, so that its numbers keep their digits."""
    path = {"loyaltyProgramId": 1, "loyaltyCardId": "card-ben"}
    rows = [bytes(row) for page in paginate(client, ep.GET_LOYALTY_CARD_TRANSACTIONS, path=path) for row in page]
    assert 1 == sum(b'"amount":12345678901234.56' in row for row in rows)


@pytest.mark.parametrize("rows", [0, 1, 2, 9, 10, 11, 19, 20, 28, 29])
def test_the_pages_of_a_list_are_estimated(emu, client, rows):
    """An estimate counts the pages of a list with the overlap that reading has."""
    emu.reset("synthetic", cards=rows, transactions=0)
    read(client, ep.GET_LOYALTY_CARDS, {"loyaltyProgramId": 1}, 10)
    assert page_count(rows, 10) == len(asked(emu))
