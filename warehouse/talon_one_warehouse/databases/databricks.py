"""Loads into Databricks by its own client."""

from __future__ import annotations

import re
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from talon_one_warehouse.databases.client_connection import ClientConnection
from talon_one_warehouse.errors import WarehouseConfigError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from talon_one_warehouse.connections.client_errors import ClientErrors

_VOLUME = re.compile(r"/Volumes/\w[\w-]*/\w[\w-]*/\w[\w-]*(/\w[\w.=-]*)*/?", re.ASCII)


class DatabricksConnection(ClientConnection):
    """A connection whose statements commit one by one; see DatabaseConnection for the methods.

    Args:
        client: closed with this object.
        errors: translates its errors.
        folder: where files are staged, see ``volume_folder``.

    Attributes:
        folder: see the argument.
    """

    def __init__(self, client: Any, errors: ClientErrors, folder: str) -> None:
        super().__init__(client, errors)
        self.folder = folder

    def run(self, statement: str) -> int:
        """See DatabaseConnection. The number of changed rows is unknown; MERGE and UPDATE return it as a row."""
        with self._executed(statement):
            return -1

    def transaction(self) -> AbstractContextManager[None]:
        """Run statements one by one."""
        return nullcontext()


def volume_folder(folder: str | None) -> str:
    """Return a folder of a volume, without a slash at its end.

    Args:
        folder: like ``/Volumes/catalog/schema/volume`` or a folder in it.

    Raises:
        WarehouseConfigError: none is given, or it is another folder.
    """
    if not folder:
        raise WarehouseConfigError(
            "a load into Databricks needs a folder of a volume for staged files: the parameter "
            "staging=/Volumes/catalog/schema/volume"
        )
    if not _VOLUME.fullmatch(folder):
        raise WarehouseConfigError(
            "staging is a folder of a volume, like /Volumes/catalog/schema/volume, of the characters A-Z a-z 0-9 _-.="
        )
    return folder.rstrip("/")
