"""URLs of databases with clients of their own: ``scheme://user:password@host:port/first/second?parameter=value``."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from talon_one_singer.reporting.redaction import Redactor
from talon_one_warehouse.errors import WarehouseConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


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
        parameters: by name.
        redactor: masks the secrets of the URL.
    """

    scheme: str
    user: str = field(repr=False)
    password: str = field(repr=False)
    host: str
    port: int | None
    path: tuple[str, ...]
    parameters: Mapping[str, str] = field(repr=False)
    redactor: Redactor = field(repr=False, compare=False)

    @property
    def shown(self) -> str:
        """Return the URL without user, password and parameters."""
        return self.redactor(f"{self.scheme}://{'/'.join((self.host, *self.path))}")


def client_url(scheme: str, rest: str, *, parameters: Collection[str], example: str, depth: int) -> ClientURL:
    """Take a URL apart.

    Args:
        scheme: of the URL.
        rest: what follows ``://``.
        parameters: the parameters that the client has.
        example: a URL for messages.
        depth: how many parts the path may have.

    Raises:
        WarehouseConfigError: the URL has another form, or an unknown parameter.
    """
    place, _, query = rest.partition("?")
    user_info, _, tail = place.rpartition("@")
    host_port, _, path = tail.partition("/")
    host, port = _host_and_port(scheme, host_port, example)
    given = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(given.keys() - set(parameters))
    if unknown:
        names = ", ".join(parameters)
        raise WarehouseConfigError(f"{scheme}:// has no parameter {unknown[0][:40]!r}; it has {names}")
    parts = tuple(unquote(part) for part in path.split("/") if part)
    if len(parts) > depth:
        raise WarehouseConfigError(f"the {scheme}:// URL has too many parts; it looks like {example}")
    user, _, password = user_info.partition(":")
    redactor = Redactor([password, unquote(password)])
    redactor.add_from(given)
    return ClientURL(scheme, unquote(user), unquote(password), unquote(host), port, parts, given, redactor)


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


def _host_and_port(scheme: str, text: str, example: str) -> tuple[str, int | None]:
    if text.startswith("[") and "]" in text:
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    if port and not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise WarehouseConfigError(
            f"the {scheme}:// URL has a port that is not a number; it looks like {example}, and in user and password "
            "@ is written %40, / is %2F, : is %3A, % is %25"
        )
    return host, int(port) if port else None
