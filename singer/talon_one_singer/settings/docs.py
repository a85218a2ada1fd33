"""The settings as JSON schema, as settings of a Meltano plugin and as a Markdown table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from talon_one_singer.settings.setting import Setting

# Meltano 4 cannot pass a setting of its kind "decimal" to a plugin (Decimal is not JSON), so numbers have no kind.
_MELTANO_KINDS: dict[str, str | None] = {"date-time": "date_iso8601", "date-times": "string", "number": None}
_JSON_TYPES: dict[str, Any] = {"date-time": "string", "date-times": ["string", "array"]}


def json_schema(settings: Sequence[Setting]) -> dict[str, Any]:
    """Return ``{"type": "object", "properties", "required", "additionalProperties": false}``."""
    return {
        "type": "object",
        "properties": {name: value for setting in settings for name, value in _properties(setting).items()},
        "required": [setting.name for setting in settings if setting.required],
        "additionalProperties": False,
    }


def _properties(setting: Setting) -> dict[str, Any]:
    """Return the property of a setting, and of each of its earlier names."""
    current = _property(setting)
    old = {**current, "description": f"Earlier name of {setting.name}.", "deprecated": True}
    return {setting.name: current, **dict.fromkeys(setting.aliases, old)}


def _property(setting: Setting) -> dict[str, Any]:
    is_date = setting.type == "date-time"
    value: dict[str, Any] = {"type": _JSON_TYPES.get(setting.type, setting.type), "description": setting.description}
    choices: dict[str, Any] = {"enum": [*setting.allowed, *setting.old_values]} if setting.allowed else {}
    if setting.type == "array":
        bounds = {"minimum": setting.minimum, "maximum": setting.maximum}
        value["items"] = {"type": setting.items, **choices, **{k: v for k, v in bounds.items() if v is not None}}
    else:
        value |= choices
    optional = {
        "format": "date-time" if is_date else None,
        "default": setting.default,
        "minimum": setting.minimum if setting.type != "array" else None,
        "maximum": setting.maximum if setting.type != "array" else None,
        "secret": setting.secret or None,
        "writeOnly": setting.secret or None,
    }
    return value | {k: v for k, v in optional.items() if v is not None}


def meltano_setting(setting: Setting) -> dict[str, Any]:
    """Return ``{"name", "kind", "label", "description", "sensitive"?, "value"?, "options"?, "aliases"?}``.

    https://docs.meltano.com/reference/plugin-definition-syntax/#settings
    """
    options = setting.type == "string" and bool(setting.allowed)
    kind = "options" if options else _MELTANO_KINDS.get(setting.type, setting.type)
    value: dict[str, Any] = {"name": setting.name, "kind": setting.kind or kind}
    if value["kind"] is None:
        del value["kind"]
    value |= {"label": setting.name.replace("_", " ").capitalize(), "description": setting.description}
    if setting.aliases:
        value["aliases"] = list(setting.aliases)
    if setting.secret:
        value["sensitive"] = True
    if setting.default is not None:
        value["value"] = setting.default
    if options:
        value["options"] = [{"label": choice, "value": choice} for choice in setting.allowed]
    return value


def markdown_table(settings: Sequence[Setting], env_name: Callable[[Setting], str]) -> str:
    """Return a table with one row for each setting, in their order; it ends with a line break."""
    rows = ["| setting | type | default | what it does | environment variable |", "|---|---|---|---|---|"]
    for setting in settings:
        default = "**required**" if setting.required else _code(setting.default)
        cells = (
            f"`{setting.name}`",
            _type_text(setting),
            default,
            _description(setting),
            f"`{env_name(setting)}`",
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _type_text(setting: Setting) -> str:
    if setting.type == "array":
        return f"array of {setting.items}s"
    if setting.type == "date-times":
        return "date-time, list or range"
    return f"{setting.type}, secret" if setting.secret else setting.type


def _code(default: Any) -> str:
    return "" if default is None else f"`{json.dumps(default)}`"


def _description(setting: Setting) -> str:
    parts = [" ".join(setting.description.split())]
    if setting.allowed:
        parts.append("One of " + ", ".join(f"`{choice}`" for choice in setting.allowed) + ".")
    parts += [f"Earlier name of `{current}`, still accepted: `{old}`." for old, current in setting.old_values.items()]
    if setting.minimum is not None:
        parts.append(f"At least {_number(setting.minimum)}.")
    if setting.maximum is not None:
        parts.append(f"At most {_number(setting.maximum)}.")
    parts += [f"Earlier name, still accepted: `{alias}`." for alias in setting.aliases]
    return " ".join(parts)


def _number(value: float) -> str:
    """Return a number with all its digits, in groups of three."""
    return f"{int(value):,}" if value == int(value) else f"{value:g}"
