"""The table of fuzz targets. Each opens in its own directory and yields a function of bytes."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.fuzz import answers, files, messages, settings, states

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    Target = Callable[[bytes], None]
    Opener = Callable[[Path], AbstractContextManager[Target]]

TARGETS: Mapping[str, Opener] = {
    "lines": messages.lines,
    "messages": messages.opened,
    "config": settings.config,
    "catalog": settings.catalog,
    "state": states.opened,
    "plan": settings.plan,
    "answers": answers.opened,
    "text_files": files.text,
    "sync_file": settings.sync_file,
    "columnar_files": files.columnar,
}


@contextmanager
def open_target(name: str) -> Iterator[Target]:
    """Open the target of a name in a temporary directory."""
    with TemporaryDirectory(prefix="fuzz-") as folder, TARGETS[name](Path(folder)) as target:
        yield target
