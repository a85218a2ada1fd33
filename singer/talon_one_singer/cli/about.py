"""The page of ``--about``: description and settings of a tap or target."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from talon_one_singer.cli.definition import PluginDefinition
    from talon_one_singer.settings.setting import Setting

AboutFormat = Literal["text", "json", "markdown"]


def about(definition: PluginDefinition, style: AboutFormat) -> str:
    """Return the page, which ends with a line break."""
    if style == "json":
        return json.dumps(about_dict(definition), indent=2) + "\n"
    return _markdown(definition) if style == "markdown" else _text(definition)


def about_dict(definition: PluginDefinition) -> dict[str, Any]:
    """Return name, description, version, capabilities, settings, env_var_prefix and additional keys."""
    return {
        "name": definition.name,
        "description": definition.description,
        "version": definition.version,
        "capabilities": list(definition.capabilities),
        "settings": definition.settings.json_schema(),
        "env_var_prefix": f"{definition.settings.prefix}_",
        **definition.about,
    }


def _markdown(definition: PluginDefinition) -> str:
    capabilities = "\n".join(f"* `{name}`" for name in definition.capabilities)
    return (
        f"# `{definition.name}` v{definition.version}\n\n{definition.description}\n\n"
        f"## Capabilities\n\n{capabilities}\n\n## Settings\n\n{definition.settings.markdown_table()}"
    )


def _text(definition: PluginDefinition) -> str:
    lines = [
        f"{definition.name} v{definition.version}",
        definition.description,
        "",
        f"Capabilities: {', '.join(definition.capabilities)}",
        "",
        f"Settings (environment variables start with {definition.settings.prefix}_):",
    ]
    return "\n".join([*lines, *(_setting_line(setting) for setting in definition.settings)]) + "\n"


def _setting_line(setting: Setting) -> str:
    notes = ["required"] if setting.required else []
    if setting.default is not None:
        notes.append(f"default {json.dumps(setting.default)}")
    note = f", {', '.join(notes)}" if notes else ""
    return f"  {setting.name} ({setting.type}{note}): {' '.join(setting.description.split())}"
