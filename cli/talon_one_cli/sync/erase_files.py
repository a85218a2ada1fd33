"""Remove customers from rejects, results and plan files."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer import ConfigError
from talon_one_singer.settings.json_files import read_json_object
from talon_one_singer.settings.local_paths import local_path
from target_talon_one.store.tables.personal_data import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_talon_one.sinks.sink_type import SinkType
    from target_talon_one.store.tables.personal_data import Person

_NEW = ".new"  # ending of a file that is about to replace the one without it


class Persons:
    """Recognizes the values of several customers."""

    def __init__(self, customers: Sequence[Person]) -> None:
        self._customers = customers

    def has_value(self, value: Any, name: str) -> bool:
        """Return whether the value of a column is, or has, the id of one of them."""
        return any(one.has_value(value, name) for one in self._customers)

    def has_text(self, text: str) -> bool:
        """Return whether a text, which may be JSON, has the id of one of them."""
        return any(one.has_row(text) for one in self._customers)


def remove_leftovers(folder: Path) -> None:
    """Remove what erase has left, when it was killed, in the folders of the runs in ``folder``.

    Raises:
        ConfigError: a file cannot be removed.
    """
    for path in sorted(folder.glob(f"*/*.jsonl{_NEW}")):
        _remove(path)


def clean_lines(path: Path, customers: Sequence[Person], sink: SinkType | None) -> int:
    """Remove the customers' lines from a rejects or results file, and return how many were removed."""
    content = _read(path)
    lines = content.split(b"\n")
    cleaned = [_cleaned(line, customers, sink) if line.strip() else line for line in lines]
    kept = b"\n".join(line for line in cleaned if line is not None)
    if kept != content:
        _replace(path, kept)
    return cleaned.count(None)


def clean_plan(path: str, customers: Sequence[Person]) -> int:
    """Remove the customers' samples and mentions from a plan file, and return how many were removed."""
    _remove(_fresh(Path(local_path(path))))
    plan, removed = read_json_object(path, "plan"), 0
    found = plan.get("destinations")
    for one in found if isinstance(found, list) else []:
        removed += _redact_mentions(one, customers) if isinstance(one, dict) else 0
        samples = one.get("samples") if isinstance(one, dict) else None
        if not isinstance(samples, dict):
            continue
        for op, rows in samples.items():
            if isinstance(rows, list):
                kept = [row for row in rows if not _is_sample_of(row, customers)]
                removed += len(rows) - len(kept)
                samples[op] = kept
    if removed:
        _replace(Path(local_path(path)), (json.dumps(plan, indent=2) + "\n").encode())
    return removed


def _cleaned(line: bytes, customers: Sequence[Person], sink: SinkType | None) -> bytes | None:
    """Return the line without mentions of the customers; None if it belongs to one of them."""
    value = decoded(line)
    if not isinstance(value, dict):
        return None if any(one.mentioned_in(line.decode(errors="replace")) for one in customers) else line
    for customer in customers:
        if _belongs_to(value, customer, sink):
            return None
        line = _without_mentions(line, value, customer)
    return line


def _belongs_to(value: Mapping[str, Any], customer: Person, sink: SinkType | None) -> bool:
    key, row = value.get("key"), value.get("row")
    if customer.has_key(key if isinstance(key, str) else None, sink):
        return True
    if customer.has_row(row) if isinstance(row, str) else customer.has_value(row, ""):
        return True
    return customer.has_answer(value.get("answer"))


def _without_mentions(line: bytes, value: Mapping[str, Any], customer: Person) -> bytes:
    """Return the line of another customer, with the id redacted in the messages of connector and server."""
    texts = {name: value[name] for name in ("reason", "server", "place") if isinstance(value.get(name), str)}
    changed = {name: customer.without_mentions(text) for name, text in texts.items() if customer.mentioned_in(text)}
    if not changed:
        return line
    return msgspec.json.encode({**msgspec.json.decode(line, type=dict[str, msgspec.Raw]), **changed})


def _redact_mentions(destination: dict[str, Any], customers: Sequence[Person]) -> int:
    """Redact the ids in the messages of a plan, and return how many messages changed."""
    texts = {name: destination.get(name) for name in ("reasons", "guard")}
    for customer in customers:
        for name, text in texts.items():
            if isinstance(text, str):
                texts[name] = customer.without_mentions(text)
            elif isinstance(text, list):
                texts[name] = [customer.without_mentions(one) if isinstance(one, str) else one for one in text]
    changed = {name: text for name, text in texts.items() if name in destination and text != destination[name]}
    destination.update(changed)
    return len(changed)


def _is_sample_of(row: Any, customers: Sequence[Person]) -> bool:
    return any(customer.has_value(decoded(json.dumps(row)), "") for customer in customers)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; nothing was removed from it") from None


def _replace(path: Path, content: bytes) -> None:
    fresh = _fresh(path)
    try:
        fresh.write_bytes(content)
        fresh.chmod(path.stat().st_mode)
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise ConfigError(f"cannot write {path}: {error.strerror}; nothing was removed from it") from None


def _fresh(path: Path) -> Path:
    return path.with_name(f"{path.name}{_NEW}")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot remove {path}, which may hold data of customers: {error.strerror}") from None
