"""``talon-one erase``: a person's data, at Talon.One and here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from talon_one_singer.cli.output import say, say_json
from talon_one_singer.settings.local_paths import local_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from target_talon_one.sinks.table import SinkType
    from target_talon_one.sync.personal_data import Person


@click.command()
@click.option("--ids", metavar="A,B", help="Integration ids of the customers.")
@click.option("--ids-file", metavar="FILE", help="File with an integration id a line.")
@click.option("--plan-file", "plan_files", multiple=True, metavar="FILE", help="A kept plan to clean; again to add.")
@click.option("--config", multiple=True, metavar="FILE", help="JSON file with base_url, store and other settings.")
@click.option("--local-only", is_flag=True, help="Only the traces here, nothing at Talon.One.")
@click.option("--yes", is_flag=True, help="Do it: at Talon.One nothing brings the data back.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def erase(**options: Any) -> None:
    """Delete customers' data at Talon.One and every trace in store, rejects, results and plans.

    At Talon.One it spans every Application of the environment that the key belongs to.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one erase", lambda stop, redact: _erase(options, stop, redact)))


def _erase(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync.sync_file import read_settings
    from talon_one_cli.sync.sync_session import opened
    from talon_one_singer import ConfigError
    from target_talon_one.sync.personal_data import Person
    from target_talon_one.sync.reject_files import file_name

    ids = list(dict.fromkeys(_ids(options)))
    if not ids:
        raise ConfigError("give the customers with --ids or --ids-file")
    if not options["yes"]:
        where = (
            "the traces here" if options["local_only"] else "all data at Talon.One, which nothing brings back, and here"
        )
        raise ConfigError(f"this deletes of {len(ids):,} customers {where}; add --yes if that is meant")
    settings = read_settings({}, "", options["config"], redact)
    counts = {"customers": len(ids), "deleted": 0, "not_there": 0, "rows": 0, "lines": 0}
    with opened(settings, stop) as (client, store):
        for name in ids:
            stop.check()
            if not options["local_only"]:
                counts["deleted" if _delete(client, name) else "not_there"] += 1
            counts["rows"] += store.erase(name)
        sinks = store.destinations.sinks()
        store.compact()
    people = [Person(name) for name in ids]
    by_file = {file_name(stream): sink for stream, sink in sinks.items()}
    for path in _line_files(settings):
        counts["lines"] += _clean_lines(path, people, by_file.get(path.name))
    for path in options["plan_files"]:
        counts["lines"] += _clean_plan(path, people)
    if options["as_json"]:
        say_json(counts)
    else:
        say(
            f"{counts['customers']:,} customers: {counts['deleted']:,} deleted at Talon.One, {counts['not_there']:,} "
            f"not there; {counts['rows']:,} rows of the store and {counts['lines']:,} lines of files deleted here"
        )


def _ids(options: Mapping[str, Any]) -> Iterator[str]:
    from talon_one_singer import ConfigError

    yield from (name.strip() for name in (options["ids"] or "").split(",") if name.strip())
    if options["ids_file"]:
        try:
            lines = Path(local_path(options["ids_file"])).read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"--ids-file: cannot read {options['ids_file']}: {error}") from None
        yield from (line.strip() for line in lines if line.strip())


def _delete(client: TalonOneClient, name: str) -> bool:
    from talon_one_client.errors import NotFoundError

    try:
        client.delete_customer_data(name)
    except NotFoundError:
        return False
    return True


def _line_files(settings: Mapping[str, Any]) -> Iterator[Path]:
    for setting in ("rejects_directory", "results_directory"):
        yield from sorted(Path(settings[setting]).glob("*/*.jsonl"))


def _clean_lines(path: Path, people: Sequence[Person], sink: SinkType | None) -> int:
    """Leave out the lines of these people; how many went."""
    content = _read(path)
    lines = content.split(b"\n")
    cleaned = [_cleaned(line, people, sink) if line.strip() else line for line in lines]
    kept = b"\n".join(line for line in cleaned if line is not None)
    if kept != content:
        _replace(path, kept)
    return cleaned.count(None)


def _cleaned(line: bytes, people: Sequence[Person], sink: SinkType | None) -> bytes | None:
    """A line of a rejects or results file; None if it is one of theirs."""
    from target_talon_one.sync.personal_data import decoded

    value = decoded(line)
    if not isinstance(value, dict):
        return None if any(person.mentioned_in(line.decode(errors="replace")) for person in people) else line
    for person in people:
        if _is_theirs(value, person, sink):
            return None
        line = _without_mentions(line, value, person)
    return line


def _is_theirs(value: Mapping[str, Any], person: Person, sink: SinkType | None) -> bool:
    key, row = value.get("key"), value.get("row")
    if person.has_key(key if isinstance(key, str) else None, sink):
        return True
    return person.has_row(row) if isinstance(row, str) else person.has_value([row, value.get("answer")], "")


def _without_mentions(line: bytes, value: Mapping[str, Any], person: Person) -> bytes:
    """The line of somebody else, with the id blotted out where our words or the server's mention it."""
    import msgspec

    words = {name: value[name] for name in ("reason", "server", "place") if isinstance(value.get(name), str)}
    changed = {name: person.without_mentions(text) for name, text in words.items() if person.mentioned_in(text)}
    if not changed:
        return line
    return msgspec.json.encode({**msgspec.json.decode(line, type=dict[str, msgspec.Raw]), **changed})


def _clean_plan(path: str, people: Sequence[Person]) -> int:
    """Leave out the samples of these people; how many went."""
    from talon_one_singer.settings.json_files import read_json_object

    plan, gone = read_json_object(path, "plan"), 0
    found = plan.get("destinations")
    for one in found if isinstance(found, list) else []:
        gone += _blotted(one, people) if isinstance(one, dict) else 0
        samples = one.get("samples") if isinstance(one, dict) else None
        if not isinstance(samples, dict):
            continue
        for op, rows in samples.items():
            if isinstance(rows, list):
                kept = [row for row in rows if not _is_sample_of(row, people)]
                gone += len(rows) - len(kept)
                samples[op] = kept
    if gone:
        _replace(Path(local_path(path)), (json.dumps(plan, indent=2) + "\n").encode())
    return gone


def _blotted(destination: dict[str, Any], people: Sequence[Person]) -> int:
    """Blot out the ids in what a plan says in words; return how many texts changed."""
    texts = {name: destination.get(name) for name in ("reasons", "guard")}
    for person in people:
        for name, text in texts.items():
            if isinstance(text, str):
                texts[name] = person.without_mentions(text)
            elif isinstance(text, list):
                texts[name] = [person.without_mentions(one) if isinstance(one, str) else one for one in text]
    changed = {name: text for name, text in texts.items() if name in destination and text != destination[name]}
    destination.update(changed)
    return len(changed)


def _is_sample_of(row: Any, people: Sequence[Person]) -> bool:
    from target_talon_one.sync.personal_data import decoded

    return any(person.has_value(decoded(json.dumps(row)), "") for person in people)


def _read(path: Path) -> bytes:
    from talon_one_singer import ConfigError

    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; nothing was removed from it") from None


def _replace(path: Path, content: bytes) -> None:
    from talon_one_singer import ConfigError

    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}; nothing was removed from it") from None
