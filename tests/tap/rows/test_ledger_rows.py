"""The rows of a ledger as they are written: a page spliced at once is equal to rows that are spliced one by one."""

import json

from hypothesis import given
from hypothesis import strategies as st

from talon_one_client.paging.ledger_rows import LedgerPage, decode_ledger_page, rows_of
from tap_talon_one.rows.ledger_rows import encoded_rows
from tap_talon_one.rows.splicing import joined
from tap_talon_one.strategies.bulk_rows import LedgerRow

TAIL = joined({"integrationId": 'añ"a', "source": "per_profile"})
DATES = [
    None,
    "",
    "immediate",
    "on_action",
    "2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00.123456Z",
    "2024-01-01T02:00:00+02:00",
    "2024-01-01T00:00:00",
    "2024-01-01",
    "0001-01-01T00:00:00+23:00",
    "2024-13-01T00:00:00Z",
]
CREATED = [
    "2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00.123456Z",
    "2024-01-01T00:00:00.1234567Z",
    "2024-01-01T00:00:00.1234560Z",
    "2023-12-31T23:59:60Z",
    "2024-01-01T00:00:00",
    "yesterday",
]
rows = st.fixed_dictionaries(
    {"id": st.integers(1, 2**70), "created": st.sampled_from(CREATED[:2])},
    optional={
        "startDate": st.sampled_from(DATES),
        "expiryDate": st.sampled_from(DATES),
        "amount": st.sampled_from([0, -0.0, 33.33333333333, 10**30]),
        "customerProfileId": st.sampled_from([None, "ada", "ünï\n"]),
        "flags": st.just({"a": [1]}),
    },
)
odd_rows = st.builds(lambda row, created: row | {"created": created}, rows, st.sampled_from(CREATED))


def pages(sent, indent, ascii_only):
    """The rows of one page, decoded at once and one by one."""
    text = json.dumps({"data": sent, "hasMore": False}, indent=indent, ensure_ascii=ascii_only)
    page = decode_ledger_page(text.encode())
    return rows_of(page), rows_of(LedgerPage(page.data, page.has_more, page.total))


@given(st.lists(rows, max_size=5), st.sampled_from([None, 1]), st.booleans(), st.sampled_from(["card", "profile", ""]))
def test_a_page_spliced_at_once_has_the_bytes_of_its_rows_spliced_alone(sent, indent, ascii_only, feed_of):
    """The bytes are the same for any dates, numbers, line breaks and escapes, in a ledger and in a program's feed."""
    at_once, one_by_one = pages(sent, indent, ascii_only)
    convert = LedgerRow(feed_of) if feed_of else bytes
    assert at_once.plain
    assert not one_by_one.plain
    assert encoded_rows(one_by_one, TAIL, convert) == encoded_rows(at_once, TAIL, convert)


@given(st.lists(odd_rows, min_size=1, max_size=5))
def test_unusual_rows_are_marked_and_counted(sent):
    """A created that is no instant is null, and one that is too fine is cut off; both keep their text."""
    at_once, _ = pages(sent, None, ascii_only=True)
    encoded = encoded_rows(at_once, b"")
    found = [json.loads(row) for row in encoded.rows]
    undated = [row["created"] == "yesterday" for row in sent]
    too_fine = [row["created"].endswith("4567Z") for row in sent]
    assert (sum(undated), sum(too_fine)) == (encoded.undated, encoded.too_fine)
    assert undated == [row["created"] is None for row in found]
    assert [a or b for a, b in zip(undated, too_fine, strict=True)] == ["created_text" in row for row in found]
    assert [row["created"] for row in sent] == [row.get("created_text", row["created"]) for row in found]
