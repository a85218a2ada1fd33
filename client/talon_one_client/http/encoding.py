"""Building requests and reading answers: URLs, exact JSON, error bodies."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import msgspec

from talon_one_client.errors import ApiErrorDetail, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from talon_one_client.endpoints import Endpoint, Param

# All that msgspec and its hook for Decimals raise for bytes that are no JSON of the type.
UNDECODABLE = (msgspec.DecodeError, ArithmeticError, RecursionError, UnicodeDecodeError)

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode_json(value: Any) -> bytes:
    """JSON bytes; a Decimal leaves with exactly its digits.

    Raises:
        ValueError, TypeError, RecursionError: JSON has no such value: NaN, an infinity, half of a surrogate pair,
            an object, a loop.
    """
    _refuse_non_finite(value)
    return _encoder.encode(value)


def _refuse_non_finite(value: Any) -> None:
    """The encoder would write null for a float and break the JSON for a Decimal."""
    if isinstance(value, dict):
        for item in value.values():
            _refuse_non_finite(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_non_finite(item)
    elif (isinstance(value, float) and not isfinite(value)) or (isinstance(value, Decimal) and not value.is_finite()):
        raise ValueError(f"JSON has no number {value}")


def decode_json(body: bytes) -> Any:
    """Python values; a number with a fraction or exponent becomes a Decimal with exactly its digits.

    Raises msgspec.DecodeError.
    """
    try:
        return _decoder.decode(body)
    except (ArithmeticError, RecursionError, UnicodeDecodeError) as error:
        raise msgspec.DecodeError(f"JSON that no reader takes ({type(error).__name__})") from error


def url_path(endpoint: Endpoint, values: Mapping[str, str | int]) -> str:
    """The path of ``endpoint``, every segment percent-encoded with nothing safe.

    Raises:
        InvalidRequestError: a segment is None, empty, or ``.`` or ``..``, which no server can tell from a path,
            or no Unicode text.
    """
    path = endpoint.path
    for param in endpoint.path_params:
        value = values[param.name]
        if value is None or value in ("", ".", ".."):
            raise InvalidRequestError(
                f"{param.name} must not be {value!r}: it cannot be part of a URL", operation=endpoint.name
            )
        try:
            path = path.replace(f"{{{param.name}}}", quote(str(value), safe=""))
        except UnicodeEncodeError as error:
            raise _no_text(endpoint, param) from error
    return path


def _no_text(endpoint: Endpoint, param: Param) -> InvalidRequestError:
    return InvalidRequestError(f"{param.name} holds half of a surrogate pair: that is no text", operation=endpoint.name)


def url_query(endpoint: Endpoint, values: Mapping[str, Any]) -> str:
    """The query string, ``?`` included, or "" when all values are None.

    Raises:
        InvalidRequestError: a parameter that the operation does not have, or a value out of its bounds.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        if value is None:
            continue
        param = endpoint.query_by_name.get(name)
        if param is None:
            known = ", ".join(endpoint.query_by_name) or "none"
            raise InvalidRequestError(f"no query parameter {name!r}; it has: {known}", operation=endpoint.name)
        try:
            pairs.extend((quote_plus(name), quote_plus(text)) for text in _texts(endpoint, param, value))
        except UnicodeEncodeError as error:
            raise _no_text(endpoint, param) from error
    return "?" + "&".join(map("=".join, pairs)) if pairs else ""


def _texts(endpoint: Endpoint, param: Param, value: Any) -> Iterable[str]:
    if param.type == "array" and not isinstance(value, str):
        return [str(v) for v in value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, datetime | date):
        return [format_instant(value)]
    if isinstance(value, int):
        _check_bounds(endpoint, param, value)
    return [str(value)]


def _check_bounds(endpoint: Endpoint, param: Param, value: int) -> None:
    bound = None
    if param.minimum is not None and value < param.minimum:
        bound = f"at least {param.minimum}"
    elif param.maximum is not None and value > param.maximum:
        bound = f"at most {param.maximum}"
    if bound:
        raise InvalidRequestError(f"{param.name} must be {bound}, not {value}", operation=endpoint.name)


def format_instant(value: datetime | date) -> str:
    """RFC 3339 with a zone; a time without zone is refused rather than guessed.

    Raises:
        InvalidRequestError: the datetime has no zone.
    """
    if not isinstance(value, datetime):
        return f"{value.isoformat()}T00:00:00Z"
    if value.tzinfo is None:
        raise InvalidRequestError(f"the time {value.isoformat()} has no zone; add one, for example Z")
    return value.isoformat().replace("+00:00", "Z")


def error_body(body: bytes) -> tuple[str, tuple[ApiErrorDetail, ...], str | None]:
    """(server message, errors, request id) of an error answer, whatever it looks like.

    The documented shape is ``{message, errors[], StatusCode}``; on 5xx anything can come, so a body that is
    not JSON gives its first words.
    """
    try:
        data = decode_json(body)
    except msgspec.DecodeError:
        return _snippet(body), (), None
    if not isinstance(data, dict):
        return _snippet(body), (), None
    listed = data.get("errors")
    details = tuple(_detail(e) for e in listed if isinstance(e, dict)) if isinstance(listed, list) else ()
    request_id = data.get("RequestUUID")
    return str(data.get("message") or ""), details, str(request_id) if request_id else None


def _detail(entry: dict[str, Any]) -> ApiErrorDetail:
    source = entry.get("source")
    kind, where = "", ""
    if isinstance(source, dict):
        kind = next((k for k in ("pointer", "parameter", "line", "resource") if source.get(k)), "")
        where = str(source.get(kind, ""))
    return ApiErrorDetail(str(entry.get("title") or ""), str(entry.get("details") or ""), where, kind)


def _snippet(body: bytes) -> str:
    text = " ".join(body[:200].decode("utf-8", "replace").split())
    return text if text.isprintable() else ""
