"""Field selection on encoded rows."""

import json
from decimal import Decimal

import msgspec
import pytest

from talon_one_singer.protocol.encoded_selection import RawMask
from talon_one_singer.protocol.selection import FieldMask


@pytest.fixture(params=["whole fields", "odd names", "parts of objects"])
def mask(request):
    """A mask of each kind."""
    if request.param != "parts of objects":
        special = 'a "b"' if request.param == "odd names" else "é"
        return FieldMask({"id": None, "amount": None, special: None}, frozenset({"name"}))
    address = FieldMask({"city": None}, frozenset({"street"}))
    attributes = FieldMask({}, frozenset({"vip"}), open=True)
    return FieldMask({"id": None, "amount": None, "address": address, "attributes": attributes}, frozenset({"name"}))


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "name": "Ada", "new": 1, "address": {"city": "x", "street": "y"}},
        {"id": 1, "address": None, "attributes": {"vip": True, "color": "red"}},
        {"address": [1], "attributes": {}},
        {'a "b"': 1, "é": 2, "amount": None},
        {},
    ],
)
def test_encoded_rows_are_masked_like_decoded_ones(mask, row):
    """RawMask selects the same fields of encoded rows as FieldMask.apply of decoded rows."""
    raws = RawMask(mask)([json.dumps(row).encode(), msgspec.Raw(json.dumps(row, indent=1).encode())])
    assert [mask.apply(row)] * 2 == [json.loads(raw) for raw in raws]


def test_numbers_keep_their_digits(mask):
    """A number that no float can represent is written unchanged."""
    (raw,) = RawMask(mask)([b'{"amount": 12345678901234567890.10, "name": 1}'])
    assert Decimal("12345678901234567890.10") == json.loads(raw, parse_float=Decimal)["amount"]
    assert b"12345678901234567890.10" in raw
