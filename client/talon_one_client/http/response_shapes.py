"""Check that a success has the documented status and shape: a gateway's message with status 200 has not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from talon_one_client.http.csv_export import read_csv
from talon_one_schemas import record

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint

ERROR = frozenset({"error", "errors", "message", "StatusCode"})
MORE = frozenset({"hasMore", "totalResultSize"})

_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_rows = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


def check_answer(endpoint: Endpoint, status: int, body: bytes) -> None:
    """Check status and outer shape of a success; the readers check rows and nested objects.

    The status must be documented for the operation, and there must be a body if and only if one is documented. A list
    needs ``data``. Rows of a page, and null in their place, need ``hasMore`` or ``totalResultSize`` beside them where
    these are documented as required, because without them it is unknown whether more rows follow. Another object needs
    one of the keys that are documented as required, or any documented key if none is required: older deployments leave
    out keys that later ones require. No object may hold the keys of an error. Where a list is documented, an object is
    an error.

    Raises:
        msgspec.DecodeError: the answer is not as documented; ValidationError, a subclass, if it is readable JSON.
    """
    if status not in endpoint.responses:
        documented = " or ".join(map(str, sorted(endpoint.responses)))
        raise msgspec.ValidationError(f"HTTP {status} instead of {documented}{_message_in(body)}")
    name = endpoint.responses[status]
    if endpoint.response_media == "csv":
        for _ in read_csv(body):
            pass
    elif name is not None and record(name).get("type") == "array":
        _check_list(body)
    elif name is not None:
        _check_object(endpoint, _documented(name), _top_level(body))
    elif body:
        raise msgspec.ValidationError(f"a body of {len(body):,} bytes where none is documented{_message_in(body)}")


def _check_object(endpoint: Endpoint, documented: _Documented, found: dict[str, msgspec.Raw]) -> None:
    if "data" in documented.keys:
        _require(frozenset({"data"}), found)
        if endpoint.paged and MORE & documented.required and bytes(found["data"]) != b"[]":
            _require(MORE, found)
    elif found or endpoint.writes or documented.required:
        _require(documented.required or documented.keys, found)
    if failed := sorted((ERROR & found.keys()) - documented.keys):
        raise msgspec.ValidationError(f"it says that it failed ({', '.join(failed)}){_error_message(found)}")


def _check_list(body: bytes) -> None:
    try:
        _rows.decode(body)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{error}{_message_in(body)}") from error
    except (RecursionError, UnicodeDecodeError) as error:
        raise msgspec.DecodeError(f"JSON that cannot be decoded ({type(error).__name__})") from error


class _Documented(NamedTuple):
    """The keys of a record and those it requires."""

    keys: frozenset[str]
    required: frozenset[str]


def _require(one_of: frozenset[str], found: dict[str, msgspec.Raw]) -> None:
    if one_of and one_of.isdisjoint(found):
        raise msgspec.ValidationError(f"it lacks {' or '.join(sorted(one_of))}{_error_message(found)}")


def _error_message(found: dict[str, msgspec.Raw]) -> str:
    """Return the message of an error in an answer, as the end of a sentence."""
    message = found.get("message", found.get("errors"))
    return "" if message is None else f" and says {bytes(message).decode('utf-8', 'replace')[:200]}"


def _message_in(body: bytes) -> str:
    try:
        return _error_message(_top_level(body))
    except msgspec.DecodeError:
        return ""


def _top_level(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _keys.decode(body)
    except (RecursionError, UnicodeDecodeError) as error:
        raise msgspec.DecodeError(f"JSON that cannot be decoded ({type(error).__name__})") from error


@cache
def _documented(name: str) -> _Documented:
    schema = record(name)
    return _Documented(frozenset(schema.get("properties", {})), frozenset(schema.get("required", ())))
