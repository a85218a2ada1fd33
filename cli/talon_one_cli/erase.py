"""``talon-one erase``: a person's data, at Talon.One and here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from talon_one_singer.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_singer.logs import Redactor
    from talon_one_singer.signals import StopSignal


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
    from talon_one_cli.running import guarded_run

    click.get_current_context().exit(guarded_run("talon-one erase", lambda stop, redact: _erase(options, stop, redact)))


def _erase(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync_file import read_settings
    from talon_one_cli.syncing import opened
    from talon_one_singer import ConfigError

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
        store.compact()
    for path in _files(settings, options["plan_files"]):
        counts["lines"] += _clean(path, ids)
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
            lines = Path(options["ids_file"]).read_text(encoding="utf-8-sig").splitlines()
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


def _files(settings: Mapping[str, Any], plans: Sequence[str]) -> Iterator[Path]:
    for setting in ("rejects_directory", "results_directory"):
        yield from sorted(Path(settings[setting]).glob("*/*.jsonl"))
    yield from map(Path, plans)


def _clean(path: Path, ids: Sequence[str]) -> int:
    """Leave out the lines that name one of the customers; a plan loses its samples."""
    text = path.read_text(encoding="utf-8")
    lines, kept = _without_samples(text) if path.suffix == ".json" else _without_lines(text, ids)
    if kept != text:
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(kept, encoding="utf-8")
        fresh.replace(path)
    return lines


def _without_samples(text: str) -> tuple[int, str]:
    plan = json.loads(text)
    found = plan.get("destinations", [])
    lines = sum(len(rows) for one in found for rows in one.get("samples", {}).values())
    for one in found:
        one["samples"] = {}
    return lines, json.dumps(plan, indent=2) + "\n"


def _without_lines(text: str, ids: Sequence[str]) -> tuple[int, str]:
    names = {json.dumps(name, ensure_ascii=ascii_only)[1:-1] for name in ids for ascii_only in (True, False)}
    marks = [mark for name in names for mark in (f'"{name}', f'{name}"')]
    lines = text.splitlines(keepends=True)
    kept = [line for line in lines if not any(mark in line for mark in marks)]
    return len(lines) - len(kept), "".join(kept)
