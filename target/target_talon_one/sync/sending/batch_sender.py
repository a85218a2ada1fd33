"""Turns changes into calls, and the answers into the outcome of each row.

A 2xx acknowledges all rows of its request; a refused batch is taken apart, see ``rejections``.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import InvalidRequestError, RejectedError, TransientError, UnexpectedResponseError
from talon_one_client.http.encoding import decode_json
from target_talon_one.errors import DestinationError
from target_talon_one.sinks.payloads import as_is
from target_talon_one.sinks.row_keys import fields_of, key_fields
from target_talon_one.store.sequence_ranges import ranges_of
from target_talon_one.sync.sending.outcomes import Outcome, Refusal, may_have_been_applied
from target_talon_one.sync.sending.refused_files import RefusedFiles
from target_talon_one.sync.sending.rejections import take_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    import msgspec

    from talon_one_client.client import TalonOneClient
    from target_talon_one.sinks.payloads import Target
    from target_talon_one.sinks.sink_type import Action, Op, SinkType
    from target_talon_one.store.tables.changes import Change, ChangeRows


HOPELESS = 100  # if this many rows are refused before any is acknowledged, the settings are wrong, not the rows


class BatchSender:
    """Sends the changes of one destination. Thread-safe: several workers send batches at once.

    Args:
        client: makes the calls.
        sink: kind of the destination.
        actions: the action of each op.
        target: which audience, catalog or program.
        identity: of the destination, for Idempotency-Keys.
        check: called before each request; raises to end the work.
        imports: ids of the imports whose rows were acknowledged.
    """

    def __init__(
        self,
        client: TalonOneClient,
        sink: SinkType,
        *,
        actions: Mapping[Op, Action],
        target: Target,
        identity: str,
        check: Callable[[], None],
        imports: Collection[int] = (),
    ) -> None:
        self._client, self._sink, self._actions, self._identity = client, sink, actions, identity
        self._target, self._check = target, check
        self._refused_files = RefusedFiles(client, sink, target, imports, check)
        self._any_acknowledged = self._has_failed = False

    def send(self, rows: ChangeRows) -> Outcome:
        """Send changes that may share a request; an error that is not about a single row is in the outcome."""
        outcome = Outcome()
        if self._has_failed:  # it was handed over before an earlier batch failed; no request begins after that
            outcome.untouched.append((rows.first, rows.end))
            return outcome
        action = self._actions[rows.column("op")[0]]
        try:
            try:
                if self._sink.replaces:
                    self._send_everything(action, rows, outcome)
                else:
                    self._send_complete(action, rows, outcome)
            except RejectedError as error:
                if self._sink.replaces:
                    raise DestinationError(
                        f"Talon.One refuses the file, and does not say whether it has replaced a part: {error}; "
                        "correct the rows and push again, or look with talon-one verify"
                    ) from error
                waiting = self._taken_apart(action, rows.changes(), error, outcome)
                self._probe(waiting, outcome)
                self._send_in_batches(action, waiting, outcome)
        except Exception as error:  # noqa: BLE001 - the thread that owns the store raises it after recording the outcome
            outcome.error, self._has_failed = error, True
            if not outcome.requests:
                outcome.untouched.append((rows.first, rows.end))
        return outcome

    def send_singly(self, changes: Sequence[Change]) -> Outcome:
        """Send changes in a request each, one after the other; an error is in the outcome, see ``send``."""
        outcome = Outcome()
        try:
            for change in changes:
                self._send_one(self._actions[change.op], change, outcome)
                self._give_up_if_hopeless(outcome)
        except Exception as error:  # noqa: BLE001 - as above
            outcome.error = error
            outcome.untouched = ranges_of(change.sequence for change in changes[outcome.requests :])
        return outcome

    def _send_complete(self, action: Action, rows: ChangeRows, outcome: Outcome) -> None:
        """Send a batch as it is; only where a row needs more than its fields, rows are taken one by one."""
        actions = [self._actions[op] for op in set(rows.column("op"))]
        if any(one.item is not as_is or one.undone_by for one in actions):
            self._send_rows(action, rows.changes(), outcome)
            return
        with self._unknown_after_errors(action, rows.changes, outcome):
            answer = self._send_items(action, rows.column("fields"), {}, outcome)
        self._acknowledge(outcome, [(rows.first, rows.end)], answer)

    def _send_everything(self, action: Action, rows: ChangeRows, outcome: Outcome) -> None:
        """Send what the destination is to hold in one request, which replaces everything."""
        item, pairs = _item_of(action), zip(rows.column("op"), rows.column("key"), strict=True)
        items = [item(self._target, key, b"") for op, key in pairs if op != "remove"]
        path = {param: self._target[name.removeprefix("target.")] for param, name in action.path}
        answer = self._send_items(action, items, path, outcome)
        self._refused_files.imports_of(action, len(items), answer)
        self._acknowledge(outcome, [(rows.first, rows.end)], answer)

    def _send_in_batches(self, action: Action, waiting: list[list[Change]], outcome: Outcome) -> None:
        """Send batches from a stack: a refused batch is finished before the next one is sent."""
        while waiting:
            batch = waiting.pop()
            try:
                self._send_rows(action, batch, outcome)
            except RejectedError as error:
                waiting += self._taken_apart(action, batch, error, outcome)
                self._probe(waiting, outcome)

    def _taken_apart(
        self, action: Action, batch: list[Change], error: RejectedError, outcome: Outcome
    ) -> list[list[Change]]:
        left = self._refused_files.without_arrived(action, batch, error, outcome)
        if len(left) < len(batch):
            return [left] if left else []  # some rows have arrived, so the others may be accepted now
        rejection = take_apart(self._sink, action, batch, error, self._target)
        outcome.refused += rejection.refused
        return rejection.send_again

    def _send_rows(self, action: Action, batch: list[Change], outcome: Outcome) -> None:
        self._refused_files.note_departure()
        with self._unknown_after_errors(action, lambda: batch, outcome):
            answer = self._send_batch(action, batch, outcome)
            self._remove_leftovers(action, batch, outcome)
            outcome.imports += self._refused_files.imports_of(action, len(batch), answer)
        self._acknowledge(outcome, ranges_of(change.sequence for change in batch), answer)

    @contextmanager
    def _unknown_after_errors(
        self, action: Action, batch: Callable[[], list[Change]], outcome: Outcome
    ) -> Iterator[None]:
        try:
            yield
        except (TransientError, UnexpectedResponseError) as error:
            if may_have_been_applied(action, error):
                outcome.refused += [Refusal(change, error, unknown=True) for change in batch()]
            raise

    def _acknowledge(self, outcome: Outcome, ranges: list[tuple[int, int]], answer: Any) -> None:
        self._any_acknowledged = True
        outcome.acknowledged += ranges
        if self._sink.results and answer is not None:
            outcome.answers.append((None, answer))

    def _probe(self, waiting: list[list[Change]], outcome: Outcome) -> None:
        """Send one row from the other end first, when very many rows were refused and none was acknowledged.

        Halving a batch in which every row is bad takes two requests per row; one more row shows whether that is so.
        """
        if self._any_acknowledged or len(outcome.refused) < HOPELESS or not waiting:
            return
        last = waiting[0].pop()
        waiting[:] = [batch for batch in waiting if batch]
        self._send_in_batches(self._actions[last.op], [[last]], outcome)
        self._give_up_if_hopeless(outcome)

    def _give_up_if_hopeless(self, outcome: Outcome) -> None:
        self._any_acknowledged = self._any_acknowledged or bool(outcome.acknowledged)
        if not self._any_acknowledged and len(outcome.refused) >= HOPELESS:
            brief = f"Talon.One refused the first {len(outcome.refused)} rows and accepted none; check the settings"
            raise DestinationError(f"{brief}; the last refusal: {outcome.refused[-1].error}", brief=(brief,))

    def _remove_leftovers(self, action: Action, batch: Sequence[Change], outcome: Outcome) -> None:
        """Remove and send again the rows whose update has left old values behind.

        Talon.One accepted the rows just before, so the removed rows are added again. The batch is acknowledged only
        after that: if the run ends in between, the next run sends these rows again.
        """
        actions = self._actions
        updated = (change for change in batch if change.op == "update")
        leftovers = [change for change in updated if actions[change.op].leaves(self._target, change.fields)]
        undo = actions[leftovers[0].op].undone_by if leftovers else None
        if undo is None:
            return
        try:
            items = [undo(self._target, one.key, one.fields) for one in leftovers]
            self._send_items(action, items, self._path(action, leftovers[0]), outcome)
            self._send_batch(action, leftovers, outcome)
        except RejectedError as error:
            brief = "Talon.One refuses rows that it has just accepted"
            raise DestinationError(f"{brief}: {error}", brief=(brief,)) from error

    def _send_batch(self, action: Action, batch: Sequence[Change], outcome: Outcome) -> Any:
        items = [_item_of(self._actions[one.op])(self._target, one.key, one.fields) for one in batch]
        return self._send_items(action, items, self._path(action, batch[0]), outcome)

    def _send_items(self, action: Action, items: Sequence[bytes], path: Mapping[str, Any], outcome: Outcome) -> Any:
        self._check()
        content = action.content(self._target, items)
        outcome.requests += 1
        answer = self._client.call(
            action.endpoint, path=path, query=dict(action.query), content=content, decode=decode_json
        )
        self._note_version(answer)
        return answer

    def _send_one(self, action: Action, change: Change, outcome: Outcome) -> None:
        self._check()
        endpoint = action.endpoint
        fields = fields_of(self._sink.key_names, change.key, change.fields)
        key = self._idempotency_key(change) if endpoint.idempotency_key else None
        outcome.requests += 1
        try:
            answer = self._client.call(
                endpoint,
                path=self._path(action, change, fields),
                query=dict(action.query),
                body=action.body(self._target, fields) if action.body else None,
                idempotency_key=key,
            )
        except RejectedError as error:
            outcome.refused.append(Refusal(change, error))
        except (TransientError, UnexpectedResponseError) as error:
            if may_have_been_applied(action, error):
                outcome.refused.append(Refusal(change, error, unknown=True))
            raise
        else:
            outcome.acknowledged.append((change.sequence, change.sequence + 1))
            if self._sink.results and answer is not None:
                outcome.answers.append((change, answer))

    def _path(
        self, action: Action, change: Change, fields: Mapping[str, msgspec.Raw] = MappingProxyType({})
    ) -> dict[str, Any]:
        if not action.path:
            return {}
        values: dict[str, Any] = {f"target.{name}": value for name, value in self._target.items()}
        values |= key_fields(self._sink.key_names, change.key)
        wanted = [name for _, name in action.path]
        values |= {name: decode_json(fields[name]) for name in wanted if name in fields and name not in values}
        missing = [name for name in wanted if values.get(name) is None]
        if missing:
            raise InvalidRequestError(
                f"{missing[0]} is not known; give it in the row, or set management_key so that it can be looked up",
                operation=action.endpoint.name,
            )
        return {param: values[name] for param, name in action.path}

    def _idempotency_key(self, change: Change) -> str:
        """Return a key that stays the same until the row is acknowledged, and differs when it is sent again later."""
        values = (self._identity, change.key, str(change.version), change.fields.decode())
        return hashlib.sha256("\0".join(values).encode()).hexdigest()

    def _note_version(self, answer: Any) -> None:
        """Send the catalog version that this request created with the next request."""
        if self._target.get("version") is not None and isinstance(answer, dict) and type(answer.get("version")) is int:
            self._target["version"] = answer["version"]


def _item_of(action: Action) -> Callable[[Target, str, bytes], bytes]:
    assert action.item is not None
    return action.item
