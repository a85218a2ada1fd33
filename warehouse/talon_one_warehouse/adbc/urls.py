"""Warehouses in databases with an ADBC driver, by URL. The drivers are optional extras, imported when one is opened."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from talon_one_warehouse.errors import WarehouseConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_warehouse.warehouse import Warehouse

_DRIVER = re.compile(r"[a-z][a-z0-9_]*")
_EXTRAS: Mapping[str, str] = {
    "postgresql": "'talon-one-connector[postgresql]'",
    "sqlite": "'talon-one-connector[sqlite]'",
}


def require_driver(driver: str) -> None:
    """Check that an ADBC driver is installed.

    Raises:
        WarehouseConfigError: the driver or pyarrow is not installed, or the name is not one of a driver.
    """
    if not _DRIVER.fullmatch(driver):
        raise WarehouseConfigError("an ADBC URL names a driver, like adbc+snowflake://... or adbc://snowflake?uri=...")
    package = _EXTRAS.get(driver, f"adbc-driver-{driver.replace('_', '-')}")
    try:
        for module in ("pyarrow", f"adbc_driver_{driver}.dbapi"):
            import_module(module)
    except ModuleNotFoundError as error:
        raise WarehouseConfigError(f"{error.name} is not installed; run: pip install {package}") from None


def split_driver_url(rest: str) -> tuple[str, str, dict[str, str]]:
    """Return driver, uri and options of ``DRIVER?uri=...&option=value``."""
    driver, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    return driver, options.pop("uri", ""), options


def open_driver(driver: str, uri: str, schema: str, options: Mapping[str, str] | None = None) -> Warehouse:
    """Open the database that an ADBC driver finds at ``uri``.

    Raises:
        WarehouseConfigError: the driver is not installed, or cannot open the database.
    """
    require_driver(driver)
    from talon_one_warehouse.adbc import connections

    return connections.open_driver(driver, uri, schema, options)


def _open_adbc(rest: str, schema: str) -> Warehouse:
    driver, uri, options = split_driver_url(rest)
    return open_driver(driver, uri, schema, options)


def _open_postgresql(rest: str, schema: str) -> Warehouse:
    require_driver("postgresql")
    from talon_one_warehouse.adbc import connections

    return connections.open_postgresql(rest, schema)


def _open_sqlite(rest: str, schema: str) -> Warehouse:
    require_driver("sqlite")
    from talon_one_warehouse.adbc import connections

    return connections.open_sqlite(rest, schema)


ADBC_OPENERS: Mapping[str, Callable[[str, str], Warehouse]] = {
    "postgresql": _open_postgresql,
    "postgres": _open_postgresql,
    "sqlite": _open_sqlite,
    "adbc": _open_adbc,
}
