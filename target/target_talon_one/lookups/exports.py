"""Reads CSV exports of the Management API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from talon_one_client.errors import UnexpectedResponseError
from talon_one_client.http.csv_export import read_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint

T = TypeVar("T")


def read_export(
    client: TalonOneClient,
    endpoint: Endpoint,
    read: Callable[[Iterator[list[str]]], Iterator[T]],
    *,
    path: Mapping[str, Any],
    query: Mapping[str, Any] | None = None,
) -> Iterator[T]:
    """Return what ``read`` makes of the lines of an export; the call is made at once.

    Args:
        client: makes the call.
        endpoint: the export.
        read: gets the heading and then the lines. It checks the heading at once, so that a wrong one is retried.
        path: path parameters.
        query: query parameters.

    Raises:
        TalonOneError: the call has failed.
        UnexpectedResponseError: the export is empty, or has a line that cannot be read.
    """
    rows = client.call(endpoint, path=path, query=query, decode=lambda body: read(read_csv(body)))
    if rows is None:
        raise UnexpectedResponseError("the export is empty", operation=endpoint.name)
    return _checked(rows, endpoint)


def _checked(rows: Iterator[T], endpoint: Endpoint) -> Iterator[T]:
    try:
        yield from rows
    except ValueError as error:
        raise UnexpectedResponseError(f"the export cannot be read: {error}", operation=endpoint.name) from error
