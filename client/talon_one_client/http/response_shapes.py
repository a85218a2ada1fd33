"""Whether a success is one that its operation documents: a gateway's own words with status 200 are not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from talon_one_client.http.csv_export import read_csv
from talon_one_schemas import record

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint

ERROR = frozenset({"errors", "StatusCode"})
MORE = frozenset({"hasMore", "totalResultSize"})

_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])


def check_answer(endpoint: Endpoint, status: int, body: bytes) -> None:
    """Check status and outer shape of a success; rows and nested objects are left to those who read them.

    The status must be one that is documented for the operation, and a body must come where one is documented and
    nowhere else. A list needs ``data``. Rows of a page need ``hasMore`` or ``totalResultSize`` beside them where these
    are documented as required: without them nobody can tell whether the rows are all. Another object needs one key of
    those that are documented as required, or of all if none is: older deployments leave out keys that later ones
    require. No object may hold the keys of an error.

    Raises:
        msgspec.DecodeError: the answer is another. A ValidationError if it was received as it was meant.
    """
    if status not in endpoint.responses:
        documented = " or ".join(map(str, sorted(endpoint.responses)))
        raise msgspec.ValidationError(f"HTTP {status} instead of {documented}{_said(body)}")
    name = endpoint.responses[status]
    if endpoint.response_media == "csv":
        for _ in read_csv(body):
            pass
    elif name is not None:
        _check_object(endpoint, _documented(name), _top_level(body))
    elif body:
        raise msgspec.ValidationError(f"a body of {len(body):,} bytes where none is documented{_said(body)}")


def _check_object(endpoint: Endpoint, documented: _Documented, there: dict[str, msgspec.Raw]) -> None:
    if "data" in documented.keys:
        _require(frozenset({"data"}), there)
        if endpoint.paged and MORE & documented.required and bytes(there["data"]) not in (b"[]", b"null"):
            _require(MORE, there)
    elif there or endpoint.writes or documented.required:
        _require(documented.required or documented.keys, there)
    if failed := sorted((ERROR & there.keys()) - documented.keys):
        raise msgspec.ValidationError(f"it says that it failed ({', '.join(failed)}){_words(there)}")


class _Documented(NamedTuple):
    """The keys of a record and those it requires."""

    keys: frozenset[str]
    required: frozenset[str]


def _require(one_of: frozenset[str], there: dict[str, msgspec.Raw]) -> None:
    if one_of and one_of.isdisjoint(there):
        raise msgspec.ValidationError(f"it lacks {' or '.join(sorted(one_of))}{_words(there)}")


def _words(there: dict[str, msgspec.Raw]) -> str:
    """What an answer says in the words of an error, as the end of a sentence."""
    words = there.get("message", there.get("errors"))
    return "" if words is None else f" and says {bytes(words).decode('utf-8', 'replace')[:200]}"


def _said(body: bytes) -> str:
    try:
        return _words(_top_level(body))
    except msgspec.DecodeError:
        return ""


def _top_level(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _keys.decode(body)
    except (RecursionError, UnicodeDecodeError) as error:
        raise msgspec.DecodeError(f"JSON that no reader takes ({type(error).__name__})") from error


@cache
def _documented(name: str) -> _Documented:
    schema = record(name)
    return _Documented(frozenset(schema.get("properties", {})), frozenset(schema.get("required", ())))
