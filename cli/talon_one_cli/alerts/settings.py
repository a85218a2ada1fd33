"""The setting ``alerts``: who is informed of what."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from talon_one_singer import ConfigError, Setting
from talon_one_singer.settings.conversion import check, convert
from talon_one_singer.settings.json_files import json_type, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_singer.reporting.redaction import Redactor

ALERTS = Setting("alerts", "object", "Who is informed of failures, refused rows, slow runs, empty sources and drift.")
ALERT_SETTINGS: Mapping[str, Setting] = {
    one.name: one
    for one in (
        Setting("to", "array", "URLs of the receivers, as apprise writes them; secrets as ${NAME}.", required=True),
        Setting("failure", "boolean", "Alert when a run fails, or is skipped because another one failed.", True),
        Setting("refused_share", "number", "Alert when more than this share of the rows is refused.",
                minimum=0, maximum=1),
        Setting("duration_seconds", "number", "Alert when a run takes longer.", minimum=0),
        Setting("empty_source", "boolean", "Alert when a source has no rows, or a load reads none.", False),
        Setting("drift", "boolean", "Alert when talon-one verify finds drift.", True),
        Setting("summary", "boolean", "Send a summary after every run, also when nothing is wrong.", False),
    )
}  # fmt: skip
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PARTS = re.compile(r"[/?&=@:#,;]+")
_SHORTEST_HIDDEN, _LONGEST_WORD = 6, 16
# Their host names are addresses; in URLs of other services the first part is often a token.
_WITH_HOST = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos", "http", "https"})


@dataclass(frozen=True, slots=True)
class Alerts:
    """Who is informed of what.

    Attributes:
        where: the place of the setting, which begins a message about it.
        to: URLs of the receivers; they hold tokens and passwords.
        failure, empty_source, drift, summary: kinds of alerts that are wanted.
        refused_share: share of refused rows above which there is an alert, or None.
        duration_s: seconds above which there is an alert, or None.
    """

    where: str
    to: tuple[str, ...] = field(repr=False)
    failure: bool = True
    refused_share: float | None = None
    duration_s: float | None = None
    empty_source: bool = False
    drift: bool = True
    summary: bool = False


def hide_receivers(given: object, redact: Redactor) -> None:
    """Mask the secret parts of the receivers' URLs in a setting that was not checked yet."""
    if isinstance(given, dict):
        for value in given.values():
            hide_receivers(value, redact)
    elif isinstance(given, list | tuple):
        for value in given:
            hide_receivers(value, redact)
    elif isinstance(given, str) and ":" in given:
        scheme, _, rest = given.partition("://")
        at, mark, path = rest.partition("/")
        parts = [at.rpartition("@")[0], mark + path] if scheme in _WITH_HOST else [rest]
        for part in {piece for text in parts for piece in _PARTS.split(text)}:
            for text in {part, unquote(part)}:
                if len(text) >= (_LONGEST_WORD if text.isalpha() else _SHORTEST_HIDDEN):
                    redact.add(text)


def alerts_from(
    given: Any, where: str, redact: Redactor, environ: Mapping[str, str], *, of_file: Mapping[str, Any] | None = None
) -> Alerts | None:
    """Return the alerts of a setting, or None if there is none.

    Args:
        given: an object with the names of ALERT_SETTINGS, or None.
        where: place of the setting.
        redact: gets the secret parts of the URLs.
        environ: variables for ``${NAME}`` in URLs.
        of_file: values of the file, which hold for what is not given here.

    Raises:
        ConfigError: a value cannot be used; no message holds a part of a URL.
    """
    hide_receivers(given, redact)
    values = {**check_alerts(of_file, where), **check_alerts(given, where)}
    if not values:
        return None
    if not values.get("to"):
        raise ConfigError(f"{where}.to is missing; give the URL of a receiver, like mailto:// or slack://")
    return Alerts(
        where,
        to=tuple(_filled(url, where, redact, environ) for url in values["to"]),
        refused_share=values.get("refused_share"),
        duration_s=values.get("duration_seconds"),
        **{name: values[name] for name in ("failure", "empty_source", "drift", "summary") if name in values},
    )


def check_alerts(given: Any, where: str) -> dict[str, Any]:
    """Return the values of a setting ``alerts``, of which each may be missing.

    Raises:
        ConfigError: a value cannot be used; no message holds a part of a URL.
    """
    if given is not None and not isinstance(given, dict):
        raise ConfigError(f"{where} must be an object with the URLs of receivers in to, not {json_type(given)}")
    values: dict[str, Any] = {}
    for name, value in (given or {}).items():
        setting = ALERT_SETTINGS.get(name)
        if setting is None:
            raise ConfigError(f"{where}: unknown setting {name!r}{nearest(name, ALERT_SETTINGS)}")
        try:
            found = _receivers(value) if name == "to" else convert(setting, value)
        except ValueError as error:
            raise ConfigError(f"{where}.{name} {error}") from None
        if found is not None:
            values[name] = found
    return values


def _receivers(value: Any) -> list[str]:
    """Return the URLs; a text is one URL, because a URL may hold commas."""
    return list(check(ALERT_SETTINGS["to"], [value] if isinstance(value, str) and value.strip() else value or []))


def _filled(url: str, where: str, redact: Redactor, environ: Mapping[str, str]) -> str:
    """Return a URL with the variables of the environment in place."""

    def variable(match: re.Match[str]) -> str:
        text = environ.get(match[1])
        if text is None:
            raise ConfigError(f"{where}.to uses ${{{match[1]}}}, which is not set in the environment")
        redact.add(text)
        return text

    found = _VARIABLE.sub(variable, url)
    hide_receivers(found, redact)
    return found
