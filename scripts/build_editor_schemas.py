"""Write ``schemas/editor/`` from the tables of settings and sinks. With ``--check``, only check that it is current."""

from __future__ import annotations

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "schemas" / "editor"


def build() -> dict[str, str]:
    """Return the text of every schema by the name of its file."""
    from talon_one_cli.project.editor_schemas import editor_schemas

    return {name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in editor_schemas().items()}


def main(argv: list[str]) -> int:
    """Write the schemas, or with ``--check`` compare them with the files."""
    files = build()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    stale = sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
    if "--check" in argv:
        for name in stale:
            print(f"not current: schemas/editor/{name} (run `make docs`)", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        if name in files:
            (FOLDER / name).write_text(files[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    print(f"{len(files)} schemas of settings, {len(stale)} written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
