"""Rows that name an audience: its id is looked up, because only Talon.One knows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_client.http.encoding import decode_json
from target_talon_one.lookups.audiences import id_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_talon_one.lookups.audiences import Audiences
    from target_talon_one.sinks.sink_type import Action, Op
    from target_talon_one.store.tables.changes import Change


class AudienceRows:
    """Adds ids to rows before they are sent, and keeps the ids of created audiences.

    Args:
        audiences: finds the audiences.
        id_field: field of a row that receives the id.
        actions: actions of the mode; an audience that exists is updated, if the mode updates rows.
    """

    def __init__(self, audiences: Audiences, id_field: str, actions: Mapping[Op, Action]) -> None:
        self._audiences, self._id_field, self._actions = audiences, id_field, actions

    def prepared(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes, with ids where they are known."""
        return [self._with_id(change) for change in changes]

    def note(self, answers: Sequence[tuple[Change | None, Any]]) -> None:
        """Keep the ids of created audiences."""
        for change, answer in answers:
            if change is not None and change.op == "add" and isinstance(answer, dict):
                self._audiences.remember(_wanted(change.key, decode_json(change.fields)), id_of(answer, change.key))

    def _with_id(self, change: Change) -> Change:
        fields: dict[str, Any] = decode_json(change.fields) if change.fields else {}
        if fields.get(self._id_field) is None:
            audience = self._audiences.find(_wanted(change.key, fields))
            if audience is None:
                return change
            fields[self._id_field] = audience
        op = "update" if change.op == "add" and "update" in self._actions else change.op
        return replace(change, op=op, fields=msgspec.json.encode(fields))


def _wanted(key: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": fields.get("name"), "integration": fields.get("integration"), "integration_id": key}
