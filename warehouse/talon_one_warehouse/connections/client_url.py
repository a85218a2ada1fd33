"""URLs of databases with clients of their own: ``scheme://user:password@host:port/first/second?parameter=value``."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from talon_one_singer.reporting.redaction import Redactor
from talon_one_singer.settings.conversion import BOOLEANS
from talon_one_warehouse.errors import WarehouseConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Parameters = Mapping[str, Callable[[str], Any]]


@dataclass(frozen=True, slots=True)
class ClientURL:
    """The parts of a URL, decoded.

    Attributes:
        scheme: like ``snowflake``.
        user: "" if there is none.
        password: "" if there is none.
        host: "" if there is none.
        port: None if there is none.
        path: the parts between slashes, without empty ones.
        parameters: by name, converted to their types.
        redactor: masks the secrets of the URL.
    """

    scheme: str
    user: str = field(repr=False)
    password: str = field(repr=False)
    host: str
    port: int | None
    path: tuple[str, ...]
    parameters: Mapping[str, Any] = field(repr=False)
    redactor: Redactor = field(repr=False, compare=False)

    @property
    def shown(self) -> str:
        """Return the URL without user, password and parameters."""
        return self.redactor(f"{self.scheme}://{'/'.join((self.host, *self.path))}")

    def settings(self, options: Mapping[str, Any] | None, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of a client that has one database; empty values are left out. The password is masked.

        Args:
            options: they win over the parts of the URL.
            defaults: for what neither says.
        """
        parts: dict[str, Any] = {
            "user": self.user,
            "password": self.password,
            "host": self.host,
            "port": self.port,
            "database": self.path[0] if self.path else None,
        }
        found = with_values(defaults) | with_values({**parts, **self.parameters, **(options or {})})
        if isinstance(found.get("password"), str):
            self.redactor.add(found["password"])
        return found


def client_url(scheme: str, rest: str, *, parameters: Parameters, example: str, depth: int) -> ClientURL:
    """Take a URL apart.

    Args:
        scheme: of the URL.
        rest: what follows ``://``.
        parameters: the parameters that the client has, each with the function that converts its text: ``str``, ``flag``
            or ``number``.
        example: a URL for messages.
        depth: how many parts the path may have.

    Raises:
        WarehouseConfigError: the URL has another form, or a parameter that is unknown or has a wrong value.
    """
    place, _, query = rest.partition("?")
    user_info, _, tail = place.rpartition("@")
    host_port, _, path = tail.partition("/")
    host, port = _host_and_port(scheme, host_port, example)
    given = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(given.keys() - set(parameters))
    if unknown:
        names = ", ".join(parameters)
        if "@" in query:  # the name may be a part of the password
            raise WarehouseConfigError(
                f"the {scheme}:// URL has an unknown parameter; it has {names}; in user and password ? is written %3F"
            )
        raise WarehouseConfigError(f"{scheme}:// has no parameter {unknown[0][:40]!r}; it has {names}")
    parts = tuple(unquote(part) for part in path.split("/") if part)
    if len(parts) > depth:
        raise WarehouseConfigError(f"the {scheme}:// URL has too many parts; it looks like {example}")
    user, _, password = user_info.partition(":")
    redactor = Redactor([password, unquote(password)])
    redactor.add_from(given)
    converted = {name: _converted(scheme, name, text, parameters[name]) for name, text in given.items()}
    return ClientURL(scheme, unquote(user), unquote(password), unquote(host), port, parts, converted, redactor)


def flag(text: str) -> bool:
    """Return the value of a parameter that is true or false.

    Raises:
        ValueError: it is neither; the message says what it must be.
    """
    if text.lower() not in BOOLEANS:
        raise ValueError("true or false")
    return BOOLEANS[text.lower()]


def number(text: str) -> int:
    """Return the value of a parameter that is a whole number.

    Raises:
        ValueError: it is none; the message says what it must be.
    """
    if not (text.isascii() and text.isdigit()):
        raise ValueError("a whole number")
    return int(text)


def with_values(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that have a value."""
    return {name: value for name, value in settings.items() if value not in ("", None)}


def require_client(extra: str, *modules: str) -> list[Any]:
    """Return the modules of a client.

    Args:
        extra: installs them.
        modules: their names.

    Raises:
        WarehouseConfigError: one of them is not installed.
    """
    try:
        return [import_module(module) for module in ("pyarrow", *modules)][1:]
    except ModuleNotFoundError as error:
        raise WarehouseConfigError(
            f"{error.name} is not installed; run: pip install 'talon-one-connector[{extra}]'"
        ) from None


def one_line(error: BaseException | str, redactor: Redactor) -> str:
    """Return the message of a client's error in one line, without secrets."""
    return redactor(" ".join(str(error).split())) or type(error).__name__


def _converted(scheme: str, name: str, text: str, convert: Callable[[str], Any]) -> Any:
    try:
        return convert(text)
    except ValueError as error:
        raise WarehouseConfigError(f"the parameter {name} of the {scheme}:// URL must be {error}") from None


def _host_and_port(scheme: str, text: str, example: str) -> tuple[str, int | None]:
    if text.startswith("[") and "]" in text:
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    if port and not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise WarehouseConfigError(
            f"the {scheme}:// URL has a port that is not a number; it looks like {example}, and in user and password "
            "? is written %3F, @ is %40, / is %2F, : is %3A, % is %25"
        )
    return host, int(port) if port else None
