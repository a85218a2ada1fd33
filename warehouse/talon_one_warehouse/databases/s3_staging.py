"""Files that are staged in S3, from which Redshift copies them."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from talon_one_storage.sql_names import literal
from talon_one_warehouse.connections.s3 import s3_errors
from talon_one_warehouse.databases.staged_files import is_left, parquet_file
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from talon_one_singer.reporting.redaction import Redactor
    from talon_one_warehouse.connections.s3 import S3Access

_URL = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]+)(?:/(?P<prefix>[\w./=-]*))?", re.ASCII)
_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d+:role/[\w+=,.@/-]+", re.ASCII)
DEFAULT_ROLE = "default"


class S3Staging:
    """A folder in a bucket.

    Args:
        settings: ``staging``: the URL of the folder; ``iam_role``: the role with which Redshift reads it: ``default``,
            an ARN, or several with commas between them; ``copy_keys``: whether Redshift uses the keys of ``access``.
        access: writes the files.
        redactor: masks the keys from then on.

    Raises:
        WarehouseConfigError: the settings cannot be used.
    """

    def __init__(self, settings: Mapping[str, Any], access: S3Access, redactor: Redactor) -> None:
        url = settings.get("staging")
        if not url:
            raise WarehouseConfigError(
                "a load into Redshift needs a folder in S3 for staged files: the parameter staging=s3://bucket/prefix"
            )
        found = _URL.fullmatch(str(url))
        if found is None:
            raise WarehouseConfigError(
                "staging is the URL of a folder in S3, like s3://bucket/prefix, of the characters A-Z a-z 0-9 . _ = - /"
            )
        self._bucket, self._prefix = found["bucket"], f"{(found['prefix'] or '').strip('/')}/".removeprefix("/")
        self.where = f"s3://{self._bucket}/{self._prefix}"
        self._access, self._redactor = access, redactor
        self._role = _checked_role(settings)

    def remove_left_files(self) -> None:
        """Remove the files that killed loads have left.

        Raises:
            WarehouseConfigError: the folder cannot be listed.
            WarehouseError: S3 does not answer.
        """
        client = self._access.client
        with s3_errors(self.where, self._redactor):
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
            for key in keys:
                if is_left(key.removeprefix(self._prefix)):
                    client.delete_object(Bucket=self._bucket, Key=key)

    @contextmanager
    def uploaded(self, rows: pa.Table, name: str) -> Iterator[str]:
        """Upload rows as a Parquet file of a name, which is removed at the end; yield its URL."""
        with parquet_file(rows, name) as file, file.open("rb") as body, s3_errors(self.where, self._redactor):
            self._access.client.put_object(Bucket=self._bucket, Key=f"{self._prefix}{name}", Body=body)
        try:
            yield f"{self.where}{name}"
        finally:
            with suppress(WarehouseError), s3_errors(self.where, self._redactor):  # a later load removes it
                self._access.client.delete_object(Bucket=self._bucket, Key=f"{self._prefix}{name}")

    def authorization(self) -> str:
        """Return the part of COPY that says how Redshift may read the folder.

        Raises:
            WarehouseConfigError: there are no keys.
        """
        if self._role is not None:
            return f"IAM_ROLE {DEFAULT_ROLE if self._role == DEFAULT_ROLE else literal(self._role)}"
        with s3_errors(self.where, self._redactor):
            keys = self._access.credentials()
        if not keys:
            raise WarehouseConfigError(f"there are no keys of AWS with which Redshift could copy from {self.where}")
        named = {"ACCESS_KEY_ID": keys.access_key, "SECRET_ACCESS_KEY": keys.secret_key, "SESSION_TOKEN": keys.token}
        for text in (keys.secret_key, keys.token):
            if text:
                self._redactor.add(text)
        return " ".join(f"{name} {literal(text)}" for name, text in named.items() if text)


def _checked_role(settings: Mapping[str, Any]) -> str | None:
    """Return the role, or None for keys."""
    role = settings.get("iam_role")
    if settings.get("copy_keys"):
        if role:
            raise WarehouseConfigError("iam_role and copy_keys both say how Redshift reads staged files; leave one out")
        return None
    role = str(role or DEFAULT_ROLE)
    if role != DEFAULT_ROLE and not all(map(_ROLE.fullmatch, role.split(","))):
        raise WarehouseConfigError(
            "iam_role is the ARN of a role, like arn:aws:iam::123456789012:role/redshift, or default"
        )
    return role
