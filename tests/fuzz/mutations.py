"""Mutations of inputs: changed bits, cut and spliced bytes, and hostile values in place of JSON values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

MAX_BYTES = 50_000

# JSON texts, and texts that some JSON readers accept.
HOSTILE_VALUES: tuple[bytes, ...] = (
    *(b"null", b"true", b"false", b"{}", b"[]", b'""', b'" "', b"0", b"-0", b"-1", b"1.5", b"[null]", b'{"":null}'),
    *(b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"1" + b"0" * 400, b"9" * 5000),
    *(b"1e400", b"-1e400", b"1e-400", b"1e999999999", b"1.0000000000000000000000000000001", b"NaN", b"Infinity"),
    *(b'"NaN"', b'"1e999999"', b'"true"', b'"null"', b'"0x10"', b'"\\u0000"', b'"\\ud800"', b'"\\udfff x"', b'"\xff"'),
    *(b'"2026-13-45T99:00:00Z"', b'"0001-01-01T00:00:00+14:00"', b'"9999-12-31T23:59:59-14:00"', b'"..\\/.."'),
    *(b'"2026-01-01T00:00:00+99:99"', b'"' + b"a" * 3000 + b'"', b"[" * 200 + b"]" * 200, b"[" * 20_000),
    *(b'{"a":' * 300 + b"1" + b"}" * 300, b'{"a":1,"a":2}', b'{"type":["null"]}', b'{"$ref":"#"}', b'[[1],{"a":[]}]'),
)
_SNIPPETS: tuple[bytes, ...] = (
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\n", b"\r\n", b'"', b'"""', b"\\", b",", b";", b"\t"),
    *(b"{", b"}", b"[", b"]", b":", b"'", b"&a ", b"*a", b"<<: ", b"~: ", b"? ", b"- ", b"| ", b"--- ", b"!!set "),
    *(b"${HOME}", b"${EMPTY}", b"${", b"%s", b"{0}", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\x1b[31m", b"\x85"),
    *(b"\x1f\x8b", b"PAR1"),
)


def mutated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Return a mutated copy of an input; parts of ``other`` are spliced into it."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        data = rng.choice(_MUTATIONS)(data, other, rng)[:MAX_BYTES]
    return data


def _flip(data: bytes, _: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _number in range(rng.choice((1, 1, 4, 16)) if data else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(data: bytes, _: bytes, rng: random.Random) -> bytes:
    start, end = _slice(data, rng)
    return rng.choice((data[:start], data[end:], data[:start] + data[end:]))


def _repeat(data: bytes, _: bytes, rng: random.Random) -> bytes:
    start, end = _slice(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 2, 30)) + data[end:]


def _insert(data: bytes, _: bytes, rng: random.Random) -> bytes:
    start, end = _slice(data, rng)
    return data[:start] + rng.choice(_SNIPPETS) + data[rng.choice((start, end)) :]


def _splice(data: bytes, other: bytes, rng: random.Random) -> bytes:
    start, end = _slice(other, rng)
    at, until = _slice(data, rng)
    return data[:at] + other[start:end] + data[rng.choice((at, until)) :]


def _swap_lines(data: bytes, other: bytes, rng: random.Random) -> bytes:
    lines = [*data.split(b"\n"), rng.choice(other.split(b"\n"))]
    rng.shuffle(lines)
    return b"\n".join(lines)


def _slice(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    length = rng.choice((1, 4, 30, len(data)))
    return start, min(len(data), start + rng.randrange(length + 1))


def _json(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Replace, duplicate, rename or remove one value of a JSON text, or of one of its lines."""
    lines = data.split(b"\n")
    candidates = [number for number, line in enumerate(lines) if line.lstrip()[:1] in (b"{", b"[")]
    for text, put in (
        (data, lambda new: new),
        *((lines[number], _put(lines, number)) for number in rng.sample(candidates, min(2, len(candidates)))),
    ):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        return put(_changed(value, rng))
    return _insert(data, other, rng)


def _put(lines: list[bytes], number: int) -> Callable[[bytes], bytes]:
    return lambda new: b"\n".join([*lines[:number], new, *lines[number + 1 :]])


def _changed(value: Any, rng: random.Random) -> bytes:
    marks: dict[str, bytes] = {}
    positions = list(_positions(value))
    for _ in range(rng.choice((1, 1, 2, 5)) if positions else 0):
        holder, key = rng.choice(positions)
        if isinstance(holder, dict) and key not in holder:
            continue
        mark = f"\x01{len(marks)}\x01"
        kind = rng.randrange(8)
        if isinstance(holder, dict) and kind == 0:
            del holder[key]
        elif isinstance(holder, dict) and kind == 1:
            holder[rng.choice(("", "a", "type", "\x02", "$ref", "x" * 300, key.upper(), f" {key}"))] = holder.pop(key)
        elif isinstance(holder, dict) and kind == 2:
            marks[mark] = _dump(key) + b":1," + _dump(key)
            holder[mark] = holder.pop(key)
        elif kind == 3:
            holder[key] = rng.choice(([holder[key]], {"value": holder[key]}, str(holder[key]), [holder[key]] * 40))
        else:
            marks[mark] = rng.choice(HOSTILE_VALUES)
            holder[key] = mark
    text = _dump(value)
    for mark, raw in marks.items():
        text = text.replace(_dump(mark), raw)
    return text


def _dump(value: Any) -> bytes:
    try:
        return json.dumps(value, default=str).encode()
    except (RecursionError, ValueError):
        return b"{}"


def _positions(value: Any) -> Sequence[tuple[Any, Any]]:
    """Return (holder, key) of every value inside a value, without recursion; at most some thousand."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting and len(found) < 5000:
        holder = waiting.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, one in items:
            found.append((holder, key))
            waiting.append(one)
    return found


_MUTATIONS = (_flip, _cut, _repeat, _insert, _splice, _swap_lines, *[_json] * 6)
