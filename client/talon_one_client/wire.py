"""Building requests and reading answers: URLs, exact JSON, error bodies."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from talon_one_client.errors import ApiErrorDetail, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from talon_one_client.endpoints import Endpoint, Param

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode_json(value: Any) -> bytes:
    """JSON bytes; a Decimal leaves with exactly its digits."""
    return _encoder.encode(value)


def decode_json(body: bytes) -> Any:
    """Python values; a number with a fraction or exponent becomes a Decimal with exactly its digits.

    Raises msgspec.DecodeError.
    """
    return _decoder.decode(body)


def url_path(endpoint: Endpoint, values: Mapping[str, str | int]) -> str:
    """The path of ``endpoint``, every segment percent-encoded with nothing safe.

    Raises:
        InvalidRequestError: a segment is empty, or ``.`` or ``..``, which no server can tell from a path.
    """
    path = endpoint.path
    for param in endpoint.path_params:
        text = str(values[param.name])
        if text in ("", ".", ".."):
            raise InvalidRequestError(
                f"{param.name} must not be {text!r}: it cannot be part of a URL", operation=endpoint.name
            )
        path = path.replace(f"{{{param.name}}}", quote(text, safe="", errors="surrogatepass"))
    return path


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
        pairs.extend((name, text) for text in _texts(endpoint, param, value))
    return "?" + urlencode(pairs) if pairs else ""


def _texts(endpoint: Endpoint, param: Param, value: Any) -> Iterable[str]:
    if param.type == "array" and not isinstance(value, str):
        return [str(v) for v in value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, datetime | date):
        return [format_instant(value)]
    if isinstance(value, int) and not (param.minimum or value) <= value <= (param.maximum or value):
        raise InvalidRequestError(
            f"{param.name} must be between {param.minimum} and {param.maximum}, not {value}", operation=endpoint.name
        )
    return [str(value)]


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
    except (msgspec.DecodeError, UnicodeDecodeError):
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
