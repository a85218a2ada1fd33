"""Write the generated tables of docs/ from the code, between ``<!-- table: name -->`` and ``<!-- end -->``.

The same tables of settings and sinks are written as JSON Schemas for editors, into schemas/editor.
The descriptions of a push's parameters are copied into the docstrings of all operators that have them.
``python scripts/build_docs.py`` writes all of it, ``--check`` only says whether it is up to date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DOCS = Path(__file__).resolve().parent.parent / "docs"
SCHEMAS = DOCS.parent / "schemas" / "editor"
OUTPUT_SCHEMAS = DOCS.parent / "schemas" / "output"
BLOCK = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Return the settings of the tap."""
    from tap_talon_one.settings import SETTINGS

    return SETTINGS.markdown_table().rstrip() + "\n"


def _read(group: Any, stream: Any) -> str:
    if stream.replication_key:
        return f"incremental, by `{stream.replication_key}`"
    return "full, finds deleted rows" if group.read_whole else "full, a snapshot"


def _each(group: Any) -> str:
    if group.reader == "export":
        return str(group.parent or group.entity).replace("_", " ")
    if group.reader == "listing" and group.has_ids and group.parent:
        return f"page of a {group.entity}"
    if group.reader == "listing":
        return "page"
    if not group.has_ids:
        return f"page of {'a program' if group.per_program else 'an Application'}"
    return f"{group.entity} and program" if group.per_program else str(group.entity)


def target_settings() -> str:
    """Return the settings of the target."""
    from target_talon_one.settings import SETTINGS

    return SETTINGS.markdown_table().rstrip() + "\n"


def sinks() -> str:
    """Return the sinks with modes, key, other settings, and operations."""
    from target_talon_one.sinks.table import SINKS

    return _table(
        ("sink", "rows", "modes", "key", "other settings", "operations"),
        (
            (
                f"`{sink.name}`",
                sink.about + (" One request at a time." if sink.ordered else ""),
                ", ".join(f"`{mode}`" + "!" * sink.destructive(mode) for mode in sink.modes),
                ", ".join(f"`{field.name}`" for field in sink.key),
                ", ".join(f"`{name.rstrip('?')}`" + " (optional)" * name.endswith("?") for name in sink.target),
                ", ".join(
                    dict.fromkeys(f"`{a.endpoint.operation_id}`" for m in sink.modes.values() for a in m.values())
                ),
            )
            for sink in SINKS.values()
        ),
    )


def sink_fields() -> str:
    """Return the fields of each sink."""
    from target_talon_one.sinks.table import SINKS

    def field(one: Any) -> str:
        return f"`{one.name}` {one.type}" + ", required" * one.required

    return "\n".join(f"- **{sink.name}**: {'; '.join(map(field, sink.fields))}" for sink in SINKS.values()) + "\n"


def conn_fields() -> str:
    """Return the extra fields of an Airflow connection."""
    from airflow_provider_talon_one.connection_fields import FIELDS

    return _table(
        ("extra", "what it does"),
        ((f"`{field.name}`" + " (secret)" * field.secret, field.about) for field in FIELDS),
    )


def operators() -> str:
    """Return the Airflow operators by operation."""
    import ast

    from airflow_provider_talon_one.get_provider_info import RESOURCES

    folder = DOCS.parent / "provider" / "airflow_provider_talon_one" / "operators"
    rows = []
    for resource in RESOURCES:
        for one in ast.parse((folder / f"{resource}.py").read_text(encoding="utf-8")).body:
            if isinstance(one, ast.ClassDef):
                call = next(node for node in ast.walk(one) if isinstance(node, ast.keyword) and node.arg == "operation")
                about = (ast.get_docstring(one) or "").splitlines()[0]
                rows.append((f"`{resource}.{one.name}`", f"`{ast.literal_eval(call.value)}`", about))
    return _table(("operator", "operation", "what it does"), rows)


def parameters(name: str) -> str:
    """Return the parameters of an Airflow operator."""
    import operator_parameters

    return _table(("parameter", "default", "what it is"), operator_parameters.rows(name))


def streams() -> str:
    """Return the streams with key, how they are read, and operation."""
    from tap_talon_one.streams import STREAM_GROUPS

    return _table(
        ("stream", "key", "how it is read", "one call for each", "operation", "rows"),
        (
            (
                f"`{stream.name}`",
                ", ".join(f"`{name}`" for name in stream.key),
                _read(group, stream),
                _each(group),
                f"`{group.endpoint.operation_id}`",
                stream.description,
            )
            for group in STREAM_GROUPS
            for stream in group.streams
        ),
    )


def _fields(schema: dict[str, Any]) -> str:
    def kind(prop: dict[str, Any]) -> str:
        types = prop.get("type", "any")
        names = [types] if isinstance(types, str) else [t for t in types if t != "null"]
        return "date-time" if prop.get("format") == "date-time" else "/".join(names)

    return ", ".join(f"`{name}` {kind(prop)}" for name, prop in schema["properties"].items())


def fields() -> str:
    """Return the fields of each stream."""
    from tap_talon_one.streams import STREAMS

    return "\n".join(f"- **{stream.name}**: {_fields(stream.schema())}" for stream in STREAMS) + "\n"


def values() -> str:
    """Return the values of the columns that have a fixed set of them, once for all streams that have them."""
    from column_values import column_values

    streams: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for stream, name, found in column_values():
        streams.setdefault((name, found), []).append(f"`{stream}`")
    return _table(
        ("field", "values", "streams"),
        (
            (f"`{name}`", ", ".join(f"`{value}`" for value in found), ", ".join(names))
            for (name, found), names in sorted(streams.items())
        ),
    )


def _read_by() -> dict[str, str]:
    from tap_talon_one.strategies.read_strategies import BULK_STRATEGIES
    from tap_talon_one.streams import STREAM_GROUPS

    found: dict[str, list[str]] = {}
    for group in STREAM_GROUPS:
        found.setdefault(group.endpoint.name, []).extend(f"`{stream.name}`" for stream in group.streams)
    for strategies in BULK_STRATEGIES.values():
        for strategy in strategies:
            names = [stream.name for stream in strategy.group.streams if strategy.can_read(frozenset({stream.name}))]
            texts = [f"`{name}` (`{strategy.name}`)" for name in names]
            found.setdefault(strategy.group.endpoint.name, []).extend(texts)
    return {name: ", ".join(texts) for name, texts in found.items()}


def _written_by() -> dict[str, str]:
    from target_talon_one.sinks.table import SINKS

    found: dict[str, list[str]] = {}
    for sink in SINKS.values():
        used = {action.endpoint.name for mode in sink.modes.values() for action in mode.values()}
        for name in used:
            found.setdefault(name, []).append(f"`{sink.name}`")
    return {name: ", ".join(sinks) for name, sinks in found.items()}


def coverage() -> str:
    """Return every operation of the client with its method, its retry rule, and who reads or writes with it."""
    from operation_uses import OTHER_USES
    from talon_one_client.endpoints import ALL

    read_by, written_by = _read_by(), _written_by()
    return _table(
        (
            "operation",
            "key",
            "method of the client",
            "request",
            "repeated after an unclear failure",
            "read by stream",
            "written by sink",
            "other uses",
        ),
        (
            (
                f"[{e.operation_id}]({e.doc_url})",
                e.api,
                f"`{e.name}`",
                f"`{e.method} {e.path}`",
                "yes" if e.repeatable else "under its Idempotency-Key" if e.idempotency_key else "no",
                read_by.get(e.name, ""),
                written_by.get(e.name, ""),
                OTHER_USES.get(e.name, ""),
            )
            for e in ALL
        ),
    )


def unused_operations() -> str:
    """Return the operations of the vendor that the client does not have, each with the reason."""
    from operation_uses import NOT_USED

    rows = sorted((operation, reason) for reason, operations in NOT_USED.items() for operation in operations)
    return _table(("operation", "not used, because"), ((f"`{operation}`", reason) for operation, reason in rows))


def cli() -> str:
    """Return every command of `talon-one` with its help, arguments and options."""
    import click

    from talon_one_cli.main import cli as program

    def options(command: click.Command) -> str:
        records = [
            record
            for option in command.params
            if isinstance(option, click.Option) and (record := option.get_help_record(click.Context(command)))
        ]
        table = _table(("option", "what it does"), ((f"`{name}`", _one_line(about)) for name, about in records))
        return f"{table}\n" if records else ""

    def printed(path: str) -> str:
        from json_outputs import json_output

        found = json_output(path.removeprefix("talon-one "))
        if found is None:
            return ""
        about, rows = found
        return f"{about}\n\n{_table(('field of the JSON', 'type', 'what it is'), rows)}\n"

    def section(path: str, command: click.Command) -> str:
        arguments = " ".join(command.collect_usage_pieces(click.Context(command)))
        about = "\n\n".join(_one_line(part) for part in (command.help or "").replace("\b", "").split("\n\n"))
        return f"## {path}\n\n`{path} {arguments}`\n\n{about}\n\n{options(command)}{printed(path)}"

    def inner(group: click.Command) -> list[tuple[str, click.Command]]:
        if not isinstance(group, click.Group):
            return []
        context = click.Context(group)
        found = [(name, group.get_command(context, name)) for name in sorted(group.list_commands(context))]
        return [(name, command) for name, command in found if command]

    sections = []
    for name, command in inner(program):
        sections.append(section(f"talon-one {name}", command))
        sections += [section(f"talon-one {name} {one}", part) for one, part in inner(command)]
    return "\n" + "".join(sections)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def exit_codes() -> str:
    """Return the exit codes with their meanings."""
    from talon_one_singer.exit_codes import ExitCode

    return _table(("code", "meaning"), ((f"{code.value}", code.meaning) for code in ExitCode))


def install() -> str:
    """Return the extras for each goal."""
    from install_goals import rows

    return _table(("goal", "for example", "extras"), rows())


def packages() -> str:
    """Return the folders of all packages, with the first paragraph of the docstring of each."""
    import ast

    rows = []
    folders = [one for one in DOCS.parent.iterdir() if one.name[0] != "." and one.name not in {"tests", "build"}]
    for path in sorted(found for folder in folders for found in folder.glob("*/**/__init__.py")):
        parts = path.parent.relative_to(DOCS.parent).parts
        about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        if about:
            rows.append((f"`{'/'.join(parts)}`", _one_line(about.split("\n\n")[0])))
    return _table(("folder", "what it holds"), rows)


def notifications() -> str:
    """Return the tables of notifications: what a row is, and the types of notifications."""
    from talon_one_receiver import STREAMS

    rows = ((f"`{one.name}`", one.about, ", ".join(f"`{kind}`" for kind in one.types)) for one in STREAMS)
    return _table(("table", "one row is", "types"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "settings": settings,
    "target-settings": target_settings,
    "sinks": sinks,
    "sink-fields": sink_fields,
    "conn-fields": conn_fields,
    "operators": operators,
    "streams": streams,
    "fields": fields,
    "values": values,
    "coverage": coverage,
    "unused-operations": unused_operations,
    "cli": cli,
    "exit-codes": exit_codes,
    "packages": packages,
    "notifications": notifications,
    "install": install,
}


def pages() -> dict[Path, str]:
    """Return the text of every page by its path."""
    return {page: BLOCK.sub(_current, page.read_text(encoding="utf-8")) for page in sorted(DOCS.rglob("*.md"))}


def _current(block: re.Match[str]) -> str:
    name = block["name"]
    if name.startswith("parameters-"):
        return f"{block[1]}{parameters(name.removeprefix('parameters-'))}{block[4]}"
    # A table that is not generated from the code, like that of `make chaos`, stays unchanged.
    return f"{block[1]}{TABLES[name]()}{block[4]}" if name in TABLES else block[0]


def schemas() -> dict[Path, str]:
    """Return the text of every schema for editors and of output by its path."""
    from talon_one_cli.project.editor_schemas import editor_schemas
    from talon_one_cli.project.output_schemas import output_schemas

    found = {SCHEMAS / name: schema for name, schema in editor_schemas().items()}
    found |= {OUTPUT_SCHEMAS / name: schema for name, schema in output_schemas().items()}
    return {path: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for path, schema in found.items()}


def main(argv: list[str]) -> int:
    """Write the pages and schemas, or with ``--check`` compare them with the files."""
    import push_docstrings

    described = push_docstrings.modules()
    if "--check" not in argv:  # before the pages, whose tables show them
        push_docstrings.write(described)
    files = pages() | schemas() | described
    written = [*DOCS.rglob("*.md"), *SCHEMAS.glob("*.json"), *OUTPUT_SCHEMAS.glob("*.json"), *described]
    there = {path: path.read_text(encoding="utf-8") for path in written}
    stale = sorted(path for path in files.keys() | there.keys() if files.get(path) != there.get(path))
    if "--check" in argv:
        if stale:
            names = ", ".join(str(path.relative_to(DOCS.parent)) for path in stale)
            print(f"not current: {names} (run `make docs`)", file=sys.stderr)
            return 1
        print("docs are current")
        return 0
    for folder in (SCHEMAS, OUTPUT_SCHEMAS):
        folder.mkdir(exist_ok=True)
    for path in stale:
        if path in files:
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
    print(f"docs: {len(stale)} files written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
