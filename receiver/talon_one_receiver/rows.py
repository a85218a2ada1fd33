"""The conversion of a notification to the rows of its table. Numbers keep all their digits."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from talon_one_receiver.errors import InvalidNotification
from talon_one_receiver.streams import ADDITIONAL, BY_TYPE, NO_VALUES
from talon_one_singer.validation.validator import validator
from talon_one_singer.values.column_names import snake_case

if TYPE_CHECKING:
    from talon_one_receiver.notification import Notification
    from talon_one_receiver.streams import NotificationStream
    from talon_one_singer.validation.validator import Validator

_Raw = dict[str, msgspec.Raw]
_NULL = msgspec.Raw(b"null")
_SHOWN = 60
OF_BODY = "notification."
_column = lru_cache(maxsize=1000)(snake_case)


class StreamRows(NamedTuple):
    """The type of a notification, its stream, and its rows, each as JSON."""

    kind: str
    stream: NotificationStream
    rows: list[bytes]


def rows_of(notification: Notification) -> StreamRows:
    """Return the rows of a notification.

    Raises:
        InvalidNotification: the body is no notification of a known type, or does not fit its JSON Schema.
    """
    try:
        body = msgspec.json.decode(notification.body)
        compact = msgspec.json.format(notification.body, indent=-1)
        properties = msgspec.json.decode(compact, type=_Raw) if isinstance(body, dict) else {}
    except (ValueError, RecursionError) as error:
        raise InvalidNotification(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise InvalidNotification("the body is not a JSON object")
    stream = _checked(notification, body)
    kind = body["NotificationType"]
    return StreamRows(kind, stream, _rows(notification, stream, kind, properties))


def _checked(notification: Notification, body: dict[str, Any]) -> NotificationStream:
    kind = body.get("NotificationType")
    if not isinstance(kind, str):
        raise InvalidNotification("NotificationType is missing, or is not a text")
    if notification.conflict:
        raise InvalidNotification("another body came with this X-UUID before", kind)
    if kind not in BY_TYPE:
        raise InvalidNotification(f"the NotificationType {kind[:_SHOWN]!r} is not known", kind)
    problem = _validator(BY_TYPE[kind].schema)(body)
    if problem:
        raise InvalidNotification(problem, kind)
    return BY_TYPE[kind]


@cache
def _validator(schema: str) -> Validator:
    (found,) = {stream.schema: stream.body for stream in BY_TYPE.values() if stream.schema == schema}.values()
    return validator(found)


def _rows(notification: Notification, stream: NotificationStream, kind: str, properties: _Raw) -> list[bytes]:
    items = [item for name in stream.items for item in _items(properties.pop(name, _NULL))]
    own = {name: value for name, value in properties.items() if name not in NO_VALUES}
    known: dict[str, Any] = {
        "notification_id": notification.id,
        "notification_type": kind,
        "received_at": notification.received_text,
    }
    return [
        msgspec.json.encode({**known, "position": position, **_values(stream, own, item)})
        for position, item in enumerate(items or [{}])
    ]


def _items(value: msgspec.Raw) -> list[_Raw]:
    found: list[_Raw] = msgspec.json.decode(value, type=list[_Raw] | None) or []
    return found


def _values(stream: NotificationStream, own: _Raw, item: _Raw) -> dict[str, Any]:
    """Return the values of a row by column: those of the item, then those of the body; the others are additional.

    Where item and body have an additional property of one name with different values, that of the body gets a prefix.
    """
    columns = stream.columns
    values: dict[str, Any] = {}
    additional: _Raw = {}
    for properties, renamed in ((item, {}), (own, stream.renamed)):
        for name, value in properties.items():
            column = renamed.get(name) or _column(name)
            if column not in columns or values.get(column, value) != value:
                additional[name if additional.get(name, value) == value else f"{OF_BODY}{name}"] = value
            else:
                values[column] = value
    return {**values, ADDITIONAL: additional or None}
