"""Parquet files that a database copies. Their names tell when they were made, so that left ones can be removed."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from talon_one_singer.temporary_folders import TemporaryFolder
from talon_one_warehouse.dialects.base import STAGE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

# Spark and Redshift do not see files whose names begin with an underscore.
_PREFIX = STAGE_PREFIX.lstrip("_")
_NAME = re.compile(rf"{_PREFIX}(?P<made_s>[0-9a-f]+)_[0-9a-f]+_\d+\.parquet", re.ASCII)
_LIVES_S = 86_400  # they are needed during a merge only


def file_name(stage: str) -> str:
    """Return the name of the file with the rows of a staging table."""
    return f"{stage.lstrip('_')}.parquet"


def is_left(name: str) -> bool:
    """Return whether the name is that of a file that a killed load has left: one that is older than a day."""
    found = _NAME.fullmatch(name)
    return found is not None and int(found["made_s"], 16) < time.time() - _LIVES_S


@contextmanager
def parquet_file(rows: pa.Table, name: str) -> Iterator[Path]:
    """Write rows into a local file, which is removed at the end."""
    with TemporaryFolder("upload") as folder:
        file = Path(folder) / name
        pq.write_table(rows, file)
        yield file
