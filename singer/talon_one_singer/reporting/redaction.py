"""The redaction of secrets in everything that leaves the process.

Two kinds of text are masked: known secrets, in every spelling of URLs, JSON, Python and headers; and text that looks
like a secret: user, password, query and fragment of a URL, the values of ``password=...`` and similar, and the keys of
Authorization headers.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from talon_one_singer.reporting.printable import printable
from talon_one_singer.settings.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST_SECRET = 4
_SHORTEST_HIDDEN = 6  # shorter secrets may be part of a word by chance
_NAMES = (
    r"passw(?:or)?d|passwd|pwd|passphrase|secret|token|api[_-]?key|(?:access|account|management|private|sse)[_-]?key"
    r"|credentials?|signature|sig|sas"
)
_SECRET_NAME = re.compile(rf"(?:{_NAMES})\Z", re.IGNORECASE)
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,40}://)([^\s\"'<>]+)")
_HOST = re.compile(r"(?:(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+|localhost)?(?:[/?#]|\Z)")
_DELIMITERS = re.compile(r"[/?#@:\[\]]")
_SETTING = re.compile(
    rf"((?<![A-Za-z])[\w.-]*(?:{_NAMES})[\"']?\s*=\s*)('(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|[^\s,;&'\"]+)",
    re.IGNORECASE,
)
# Python's dicts and SQL; not JSON, which may be data, and nothing without quotes, as in "api_key: it is missing".
_QUOTED = re.compile(
    rf"('[\w.-]*(?:{_NAMES})'\s*:\s*|\b(?:{_NAMES})\s+)(?:'((?:[^'\\]|\\.|'')+)'|\"((?:[^\"\\]|\\.)+)\")",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(\bX-[A-Za-z-]*(?:Key|Token|Secret|Signature)[\"']?\s*:\s*[\"']?"
    r"|\b(?:ApiKey-v1|ManagementKey-v1)\s+|\bAuthorization[\"']?\s*[:=]\s*[\"']?(?:[A-Za-z][\w-]*\s+)?"
    r"|\b(?:Bearer|Basic)\s+(?=[\w+/=.~-]{16}))[\w+/=.~-]+",
    re.IGNORECASE,
)


class Redactor:
    """Masks secrets in text.

    Known secrets of less than four characters are not masked: that would make every line unreadable and so reveal them.
    """

    def __init__(self, secrets: Iterable[Secret | str] = ()) -> None:
        self._spellings: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret | str) -> None:
        """Mask this secret from now on."""
        value = secret.reveal() if isinstance(secret, Secret) else secret
        found = {value, *(url_secrets(value) if "://" in value else ())}
        forms = {form for one in found if len(one) >= _SHORTEST_SECRET for form in _spellings(one)}
        self._spellings = tuple(sorted({*self._spellings, *forms}, key=len, reverse=True))

    def add_from(self, settings: object) -> None:
        """Mask the secrets in settings: secret settings, secrets in URLs, and values whose names suggest a secret."""
        if isinstance(settings, Secret):
            self.add(settings)
        elif isinstance(settings, str):
            for secret in url_secrets(settings):
                self.add(secret)
        elif isinstance(settings, Mapping):
            for name, value in settings.items():
                if isinstance(value, str) and _SECRET_NAME.search(str(name)):
                    self.add(value)
                self.add_from(value)
        elif isinstance(settings, list | tuple):
            for value in settings:
                self.add_from(value)

    def __call__(self, text: str) -> str:
        """Return the masked text."""
        for spelling in self._spellings:
            if spelling in text:
                text = _masked(text, spelling)
        return _without_patterns(text)


_active = Redactor()


def activate(redactor: Redactor) -> None:
    """Make this the redactor of the function ``redact``: the redactor of the command that runs in this process."""
    global _active  # noqa: PLW0603  a process runs one command, and code that writes stores and files gets no redactor
    _active = redactor


def redact(text: str) -> str:
    """Return the text with the secrets of the running command masked, and everything that looks like a secret."""
    return _active(text)


def redacted(value: Any) -> Any:
    """Return a JSON value in which every text is redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(str(name)): redacted(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(one) for one in value]
    return value


def shown_url(url: str) -> str:
    """Return a path unchanged, and a URL without user, password, query and fragment."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return redact(url)
    return redact(f"{scheme}://{re.split(r'[?#]', _parts(rest)[1], maxsplit=1)[0]}")


def url_secrets(url: str) -> set[str]:
    """Return the secret parts of a URL, as they are written and decoded; nothing for a path."""
    _, separator, rest = url.partition("://")
    if not separator:
        return set()
    user_info, tail = _parts(rest)
    user, colon, password = user_info.partition(":")
    found = {password if colon else user}
    if _DELIMITERS.search(password):  # libraries mistake parts of it for a host or a port, and quote them
        pieces = [piece for piece in _DELIMITERS.split(password) if len(piece) >= _SHORTEST_SECRET]
        found |= {*pieces, *map(str.lower, pieces)}
    if user and password:
        pair = f"{unquote(user)}:{unquote(password)}"
        found.add(base64.b64encode(pair.encode("utf-8", "surrogatepass")).decode())
    _, mark, query = tail.partition("?")
    if not mark:
        query = tail.partition("#")[2]
    found.add(query)
    found |= {part.partition("=")[2] or part for part in re.split(r"[&;#]", query)}
    return {text for one in found for text in (one, unquote(one), unquote_plus(one)) if text}


def _parts(rest: str) -> tuple[str, str]:
    """Return the user information and the remainder of the text after ``://``.

    Passwords may contain ``@``, ``/`` and ``?`` without encoding: everything up to the last ``@`` is user information,
    unless a path or a host name comes before it.
    """
    if _HOST.match(rest):
        return "", rest
    user_info, at, tail = rest.rpartition("@")
    return (user_info, tail) if at else ("", rest)


def _masked(text: str, spelling: str) -> str:
    """Mask a secret; a short one only if it is a complete word, so that no other words are damaged."""
    if len(spelling) < _SHORTEST_HIDDEN and spelling.isalpha():
        return re.sub(rf"(?<![^\W\d_]){re.escape(spelling)}(?![^\W\d_])", MASK, text)
    return text.replace(spelling, MASK)


def _without_patterns(text: str) -> str:
    if "://" in text:
        text = _URL.sub(lambda match: match[1] + _masked_url(match[2]), text)
    if "=" in text:
        text = _SETTING.sub(lambda match: match[1] + MASK, text)
    if "'" in text:
        text = _QUOTED.sub(lambda match: f"{match[1]}'{MASK}'", text)
    return _HEADER.sub(lambda match: match[1] + MASK, text)


def _masked_url(rest: str) -> str:
    user_info, tail = _parts(rest)
    head = f"{MASK}@" if user_info else ""
    for mark in ("?", "#"):
        place, found, secret = tail.partition(mark)
        if found and secret:
            tail = f"{place}{mark}{MASK}{_punctuation(secret)}"
    return head + tail


def _punctuation(secret: str) -> str:
    """Return the punctuation that ends the sentence around a URL and is not part of it."""
    return secret[len(secret.rstrip(").,;:")) :]


def _spellings(value: str) -> set[str]:
    quoted = {quote(value, safe="", errors="replace"), quote(value, errors="replace")}
    quoted.add(quote_plus(value, errors="replace"))
    raw = value.encode("utf-8", "surrogatepass")
    coded = {encode(raw).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode)}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), one) for one in quoted}
    as_json = {json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {value, printable(value), repr(value)[1:-1], *as_json, *quoted, *lower, *coded}
