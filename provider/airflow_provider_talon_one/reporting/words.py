"""Errors in the words of a task: the fields of its connection, and not the settings of the command line."""

from __future__ import annotations

import re

from airflow_provider_talon_one.connection_fields import FIELDS

FIELD_NAMES = {
    "base_url": "host",
    "api_key": "password",
    **{field.setting: field.name for field in FIELDS if field.setting and field.setting != field.name},
}
"""Fields of the connection whose settings have other names, by the name of the setting."""

# A name in quotes is what somebody wrote, or is to write.
_SETTING = re.compile(rf"(?<![\w.?&/'-])({'|'.join(FIELD_NAMES)})(?![\w=])")
_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")
_PHRASES = (
    ("source.url", "source_url or source_conn_id"),
    ("source.sql", "sql"),
    ("source.table", "table"),
    ("; run talon-one load", "; load them first"),
    ("take the value of the last STATE line of a run, or leave --state out to read", "set full_refresh to read"),
    ("use the last STATE of a run, or run without state to read", "set full_refresh to read"),
    ("Append new ids at the end, or run once without state", "Append new ids at the end, or set full_refresh once"),
)
_COMMAND = "talon-one "  # the message names a command to run, whose options are those of the command line


def in_task_words(text: str) -> str:
    """Return a message with the names that its reader knows from the connection and the operator."""
    for words, others in _PHRASES:
        text = text.replace(words, others)
    if _COMMAND not in text:
        text = _OPTION.sub(lambda option: option[1].replace("-", "_"), text)
    named: dict[str, None] = {}

    def field(match: re.Match[str]) -> str:
        name = FIELD_NAMES[match[1]]
        named[name] = None
        return name

    text = _SETTING.sub(field, text)
    if not named:
        return text
    verb = "is a field" if len(named) == 1 else "are fields"
    return f"{text} ({' and '.join(named)} {verb} of the connection to Talon.One)"
