"""Build the shipped schemas from ``schemas/source``: flat files without ``$ref``.

Schemas of requests are strict (enums, lengths, bounds). Schemas of records and notifications are lenient, so
that both eras and later versions of the API can be read: unknown fields and enum values are valid, and optional fields
may be null.

``python scripts/build_schemas.py`` writes the files. With ``--check``, it only checks that they are current.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
SHIPPED = SCHEMAS / "talon_one_schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
STRICT_ONLY = {
    "enum", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems",
    "uniqueItems", "pattern", "default", "readOnly", "const", "deprecated",
}  # fmt: skip
KINDS = {"requests": "models.json", "records": "models.json", "notifications": "notifications.json"}
NOT_SHIPPED = {"x-nullable", "x-until"}

Schema = dict[str, Any]


def flatten(node: Any, defs: Schema, *, strict: bool) -> Any:
    """Inline every ``$ref`` of a node. Without ``strict``, remove the constraints."""
    if isinstance(node, list):
        return [flatten(item, defs, strict=strict) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        node = {**defs[node["$ref"].removeprefix("#/$defs/")], **{k: v for k, v in node.items() if k != "$ref"}}
    out: Schema = {}
    for key, value in node.items():
        if key in NOT_SHIPPED or (not strict and key in STRICT_ONLY):
            continue
        if key == "properties":
            out[key] = {name: flatten(prop, defs, strict=strict) for name, prop in value.items()}
        else:
            out[key] = flatten(value, defs, strict=strict)
    if strict and node.get("x-nullable") and isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
    if not strict:
        _allow_null(out)
    return out


def _allow_null(node: Schema) -> None:
    """Let every optional property of a record be null, because the API rarely declares which ones can be."""
    required = set(node.get("required", ()))
    for name, prop in node.get("properties", {}).items():
        if name not in required and isinstance(prop.get("type"), str):
            prop["type"] = [prop["type"], "null"]


def build() -> dict[Path, str]:
    """Return the text of every shipped schema by its path."""
    files: dict[Path, str] = {}
    for kind, file in KINDS.items():
        source, strict = json.loads((SCHEMAS / "source" / file).read_text(encoding="utf-8")), kind == "requests"
        for name in source[kind]:
            body = flatten(source["$defs"][name], source["$defs"], strict=strict)
            schema = {"$schema": DIALECT, "title": name, **body}
            files[SHIPPED / kind / f"{name}.json"] = json.dumps(schema, indent=1) + "\n"
    return files


def main(argv: list[str]) -> int:
    """Write the schemas, or with ``--check`` compare them with the files."""
    files = build()
    there = {path for kind in KINDS for path in (SHIPPED / kind).glob("*.json")}
    stale = [p for p, text in files.items() if p not in there or p.read_text(encoding="utf-8") != text]
    extra = sorted(there - set(files))
    if "--check" in argv:
        for path in [*stale, *extra]:
            print(f"not current: {path.relative_to(SCHEMAS.parent)} (run `make schemas`)", file=sys.stderr)
        return 1 if stale or extra else 0
    for path in extra:
        path.unlink()
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
    print(f"{len(files)} schemas, {len(stale)} written, {len(extra)} removed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
