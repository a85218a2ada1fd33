"""Whether a success has the shape that its operation documents: a gateway's own words with status 200 have not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from talon_one_client.csv_text import read_csv
from talon_one_schemas import record

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint

MORE = frozenset({"hasMore", "totalResultSize"})
EMPTY = msgspec.Raw(b"[]")

_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])


def check_shape(endpoint: Endpoint, status: int, body: bytes) -> None:
    """Check the outer shape of an answer; rows and nested objects are left to those who read them.

    A list needs ``data``. Rows of a page need ``hasMore`` or ``totalResultSize`` beside them where these are
    documented as required: without them nobody can tell whether the rows are all. Another object needs one
    documented key: older deployments leave out keys that later ones require.

    Raises:
        msgspec.DecodeError: the answer has another shape. A ValidationError if it is JSON.
    """
    if endpoint.response_media == "csv":
        for _ in read_csv(body):
            pass
        return
    name = endpoint.responses.get(status) or next(filter(None, endpoint.responses.values()), None)
    if name is None:
        return
    there, documented = _top_level(body), _documented(name)
    if "data" in documented.keys:
        needed = frozenset({"data"})
        if endpoint.paged and MORE & documented.required and bytes(there.get("data", EMPTY)) not in (b"[]", b"null"):
            _require(MORE, there)
    else:
        may_be_empty = endpoint.writes or not documented.required
        needed = documented.keys if there or not may_be_empty else frozenset()
    _require(needed, there)


class _Documented(NamedTuple):
    """The keys of a record and those it requires."""

    keys: frozenset[str]
    required: frozenset[str]


def _require(one_of: frozenset[str], there: dict[str, msgspec.Raw]) -> None:
    if one_of and one_of.isdisjoint(there):
        said = bytes(there.get("message", b"")).decode("utf-8", "replace")[:200]
        raise msgspec.ValidationError(f"it lacks {' or '.join(sorted(one_of))}{f' and says {said}' if said else ''}")


def _top_level(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _keys.decode(body)
    except (RecursionError, UnicodeDecodeError) as error:
        raise msgspec.DecodeError(f"JSON that no reader takes ({type(error).__name__})") from error


@cache
def _documented(name: str) -> _Documented:
    schema = record(name)
    return _Documented(frozenset(schema.get("properties", {})), frozenset(schema.get("required", ())))
