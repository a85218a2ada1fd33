"""Loads into Amazon Redshift by its own client."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from talon_one_warehouse.databases.client_connection import ClientConnection
from talon_one_warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redshift_connector.core import Connection as Client

    from talon_one_warehouse.connections.client_errors import ClientErrors
    from talon_one_warehouse.databases.s3_staging import S3Staging


class RedshiftConnection(ClientConnection):
    """A connection; see DatabaseConnection for the methods.

    Args:
        client: closed with this object.
        errors: translates its errors.
        staging: has the files that are copied.

    Attributes:
        staging: see the argument.
    """

    def __init__(self, client: Client, errors: ClientErrors, staging: S3Staging) -> None:
        super().__init__(client, errors)
        self.staging = staging
        client.autocommit = True  # it would begin a transaction before every statement

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See DatabaseConnection."""
        self.run("BEGIN")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            # The first error is raised below; after a lost connection there is nothing to roll back.
            with suppress(WarehouseError):
                self.run("ROLLBACK")
            raise
