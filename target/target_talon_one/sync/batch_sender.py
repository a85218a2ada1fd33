"""From a batch of changes to calls, and from their answers to the fate of each row.

A 2xx takes all rows of its request. A 400 is taken apart: the rows its pointers name are refused and the others sent
again; without pointers the batch is halved until the bad rows stand alone. Whether a request with a bad row was applied
in part is not documented, so that rows may arrive twice: the operations used for batches allow that.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_client import errors as e
from talon_one_client.http.encoding import decode_json
from target_talon_one.errors import DestinationError
from target_talon_one.sinks import payloads as wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from target_talon_one.sinks.table import Action, Op, SinkType
    from target_talon_one.store.tables.changes import Change


HOPELESS = 100  # rows refused before any is taken


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken; ``unknown``: it may have been."""

    change: Change
    error: e.TalonOneError
    unknown: bool = False


@dataclass(slots=True)
class Delivery:
    """What became of a batch.

    Attributes:
        taken: numbers of the rows that Talon.One has acknowledged.
        refused: rows it has refused.
        answers: for each answer worth keeping, the row (None: of the whole request) and what came.
        requests: answered requests, those that failed included.
        error: why the rest was not sent.
    """

    taken: list[int] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    answers: list[tuple[Change | None, Any]] = field(default_factory=list)
    requests: int = 0
    error: Exception | None = None


class Sender:
    """Sends the changes of one destination. Thread-safe.

    Args:
        client: makes the calls.
        sink: kind of the destination.
        actions: what each op becomes.
        target: which audience, catalog or program.
        identity: of the destination object, for Idempotency-Keys.
        check: called before each request; raises to end the work.
    """

    def __init__(
        self,
        client: TalonOneClient,
        sink: SinkType,
        *,
        actions: Mapping[Op, Action],
        target: wire.Target,
        identity: str,
        check: Callable[[], None],
    ) -> None:
        self._client, self._sink, self._actions, self._identity = client, sink, actions, identity
        self._target = target
        self._check = check
        self._any_taken = False
        self._key_names = [field.name for field in sink.key]

    def deliver(self, changes: Sequence[Change]) -> Delivery:
        """Send changes that may go together; errors that are no row's are in the delivery."""
        delivery = Delivery()
        action = self._actions[changes[0].op]
        try:
            if action.item:
                self._deliver_batch(action, changes, delivery)
            else:
                for change in changes:
                    self._deliver_one(self._actions[change.op], change, delivery)
                    self._give_up_if_hopeless(delivery)
        except Exception as error:  # noqa: BLE001 - raised by the thread that owns the store, after it has kept the rest
            delivery.error = error
        return delivery

    def _deliver_batch(self, action: Action, changes: Sequence[Change], delivery: Delivery) -> None:
        waiting = [list(changes)]
        while waiting:
            part = waiting.pop()
            try:
                answer = self._send_batch(action, part, delivery)
                self._take_away(action, part, delivery)
            except (e.RejectedError, e.TransientError, e.UnexpectedResponseError) as error:
                self._take_apart(action, part, error, delivery, waiting)
                self._probe(waiting, delivery)
            else:
                self._any_taken = True
                delivery.taken += [change.sequence for change in part]
                if self._sink.results and answer is not None:
                    delivery.answers.append((None, answer))

    def _take_apart(
        self,
        action: Action,
        part: list[Change],
        error: e.TalonOneError,
        delivery: Delivery,
        waiting: list[list[Change]],
    ) -> None:
        if not isinstance(error, e.RejectedError):
            if _nobody_knows(action, error):
                delivery.refused += [Refusal(change, error, unknown=True) for change in part]
            raise error
        if isinstance(error, e.NotFoundError):
            if self._sink.group is None:
                raise DestinationError(f"the destination is not there any more: {error}") from error
            delivery.refused += [Refusal(change, error) for change in part]
            return
        bad, elsewhere = _pointed(error, action.endpoint.items or "", len(part))
        if elsewhere or (self._target.get("version") is not None and "version" in str(error).lower()):
            raise DestinationError(f"Talon.One refuses the whole request: {error}") from error
        if bad:
            delivery.refused += [Refusal(part[index], _about(error, index, action)) for index in sorted(bad)]
            rest = [change for index, change in enumerate(part) if index not in bad]
            if rest:
                waiting.append(rest)
        elif len(part) == 1:
            delivery.refused.append(Refusal(part[0], error))
        else:
            middle = len(part) // 2
            waiting += [part[middle:], part[:middle]]

    def _probe(self, waiting: list[list[Change]], delivery: Delivery) -> None:
        """When very many rows are refused and none is taken: try one from the other end before the next."""
        if self._any_taken or len(delivery.refused) < HOPELESS or not waiting:
            return
        last = waiting[0].pop()
        waiting[:] = [part for part in waiting if part]
        self._deliver_batch(self._actions[last.op], [last], delivery)
        self._give_up_if_hopeless(delivery)

    def _give_up_if_hopeless(self, delivery: Delivery) -> None:
        self._any_taken = self._any_taken or bool(delivery.taken)
        if not self._any_taken and len(delivery.refused) >= HOPELESS:
            raise DestinationError(
                f"Talon.One has refused the first {len(delivery.refused)} rows and taken none; the last time because: "
                f"{delivery.refused[-1].error}"
            )

    def _take_away(self, action: Action, part: Sequence[Change], delivery: Delivery) -> None:
        """Undo and send again the rows that left something behind.

        They were accepted just before, so that what is undone comes back; a run that ends in between sends them anew.
        """
        actions = self._actions
        changed = (change for change in part if change.op == "update")
        left = [change for change in changed if actions[change.op].leaves(self._target, change.fields)]
        undo = actions[left[0].op].undone_by if left else None
        if undo is None:
            return
        try:
            self._send_items(action, left[0], [undo(self._target, one.key, one.fields) for one in left], delivery)
            self._send_batch(action, left, delivery)
        except e.RejectedError as error:
            raise DestinationError(f"Talon.One refuses rows that it has just taken: {error}") from error

    def _send_batch(self, action: Action, part: Sequence[Change], delivery: Delivery) -> Any:
        items = [_item(self._actions[change.op])(self._target, change.key, change.fields) for change in part]
        return self._send_items(action, part[0], items, delivery)

    def _send_items(self, action: Action, first: Change, items: Sequence[bytes], delivery: Delivery) -> Any:
        self._check()
        common = msgspec.json.encode(dict(action.common(self._target)))
        name, rest = (action.endpoint.items or "").encode(), b"," * (len(common) > 2) + common[1:]
        body = b'{"%b":[%b]%b' % (name, b",".join(items), rest)
        delivery.requests += 1
        answer = self._client.call(
            action.endpoint,
            path=self._path(action, first),
            query=dict(action.query),
            content=("application/json", body),
            decode=decode_json,
        )
        self._note_version(answer)
        return answer

    def _deliver_one(self, action: Action, change: Change, delivery: Delivery) -> None:
        self._check()
        endpoint = action.endpoint
        fields = decode_json(change.fields) if change.fields else wire.key_fields(self._key_names, change.key)
        key = self._idempotency_key(change) if endpoint.idempotency_key else None
        delivery.requests += 1
        try:
            answer = self._client.call(
                endpoint,
                path=self._path(action, change),
                query=dict(action.query),
                body=action.body(self._target, fields) if action.body else None,
                idempotency_key=key,
            )
        except e.RejectedError as error:
            delivery.refused.append(Refusal(change, error))
        except (e.TransientError, e.UnexpectedResponseError) as error:
            if _nobody_knows(action, error):
                delivery.refused.append(Refusal(change, error, unknown=True))
            raise
        else:
            delivery.taken.append(change.sequence)
            if self._sink.results and answer is not None:
                delivery.answers.append((change, answer))

    def _path(self, action: Action, change: Change) -> dict[str, Any]:
        if not action.path:
            return {}
        values: dict[str, Any] = dict(wire.key_fields(self._key_names, change.key))
        if change.fields and any(name not in values for _, name in action.path):
            values = decode_json(change.fields) | values
        values |= {f"target.{name}": value for name, value in self._target.items()}
        missing = [name for _, name in action.path if values.get(name) is None]
        if missing:
            raise e.InvalidRequestError(
                f"{missing[0]} is not known; give it in the row, or set management_key so that it can be looked up",
                operation=action.endpoint.name,
            )
        return {param: values[name] for param, name in action.path}

    def _idempotency_key(self, change: Change) -> str:
        """The same for the same row until it was acknowledged, another one when it is sent anew after that."""
        parts = (self._identity, change.key, str(change.version), change.fields.decode())
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _note_version(self, answer: Any) -> None:
        if self._target.get("version") is not None and isinstance(answer, dict) and type(answer.get("version")) is int:
            self._target["version"] = answer["version"]


def _nobody_knows(action: Action, error: e.TalonOneError) -> bool:
    """Whether what failed may have been done, and must not be done twice."""
    if action.endpoint.repeatable or action.endpoint.idempotency_key:
        return False
    return isinstance(error, e.TransientError) or error.status is None or 200 <= error.status < 300


def _item(action: Action) -> Callable[[wire.Target, str, bytes], bytes]:
    assert action.item is not None
    return action.item


def _pointed(error: e.TalonOneError, items: str, size: int) -> tuple[set[int], bool]:
    """The rows that the error's pointers name, and whether one of them points beside the rows."""
    bad: set[int] = set()
    elsewhere = False
    for pointer in error.pointers:
        found = re.match(rf"/?{re.escape(items)}/(\d+)(?:/|$)", pointer)
        if found and int(found[1]) < size:
            bad.add(int(found[1]))
        elif not pointer.strip("/").startswith(items):
            elsewhere = True
    return bad, elsewhere and not bad


def _about(error: e.TalonOneError, index: int, action: Action) -> e.TalonOneError:
    """The error with only what it says about this row."""
    prefix = f"/{action.endpoint.items}/{index}"
    mine = tuple(d for d in error.errors if d.source == prefix or d.source.startswith(f"{prefix}/"))
    return e.BadRequestError(
        error.message,
        operation=error.operation,
        status=error.status,
        server_message=error.server_message,
        errors=mine or error.errors,
        request_id=error.request_id,
        attempts=error.attempts,
    )
