"""Files of rejects and results as JSON Lines, one file for each run and stream."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from talon_one_singer.reporting.redaction import redact
from talon_one_singer.values.exact_json import NOT_EXACT_JSON
from target_talon_one.errors import SyncConfigError
from target_talon_one.sinks.row_keys import key_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.config.options import SyncOptions
    from target_talon_one.store.tables.changes import Change
    from target_talon_one.store.tables.rejects import Reject

_encode = msgspec.json.Encoder(decimal_format="number").encode


class LineFiles:
    """Files ``directory/run/stream.jsonl``, which are created with their first line.

    Lines are on the disk when ``write`` returns, so that a row is never acknowledged before its answer is kept.
    """

    def __init__(self, directory: str, run: str, setting: str) -> None:
        self._folder, self._setting = Path(directory) / run, setting
        self._files: dict[str, BinaryIO] = {}

    def write(self, stream: str, lines: Iterable[Mapping[str, Any]]) -> None:
        """Append lines to the stream's file.

        Raises:
            SyncConfigError: the directory cannot be written to.
        """
        text = b"".join(_encode(line) + b"\n" for line in lines)
        if not text:
            return
        try:
            file = self._files.get(stream) or self._open(stream)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise SyncConfigError(f"{self._setting}: cannot write to {self._folder}: {error.strerror}") from error

    def path(self, stream: str) -> str | None:
        """Return the path of the stream's file, if it was written to."""
        return str(self._folder / file_name(stream)) if stream in self._files else None

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()

    def _open(self, stream: str) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = (self._folder / file_name(stream)).open("ab")
        self._files[stream] = file
        return file


class RunFiles:
    """The files of a run.

    Args:
        options: name the directories, and say whether rejects are masked.
        run: id of the run.
    """

    def __init__(self, options: SyncOptions, run: str) -> None:
        self._run, self._masked = run, options.mask_rejects
        self._rejects = LineFiles(options.rejects_directory, run, "rejects_directory")
        self._results = LineFiles(options.results_directory, run, "results_directory")

    def write_rejects(self, config: DestinationConfig, rejects: Sequence[Reject]) -> None:
        """Write refused rows of a destination.

        Raises:
            SyncConfigError: the directory cannot be written to.
        """
        names = config.sink.key_names
        lines = [reject_line(one, self._run, names, masked=self._masked) for one in rejects]
        self._rejects.write(config.name, lines)

    def write_answers(self, config: DestinationConfig, answers: Sequence[tuple[Change | None, Any]]) -> None:
        """Write answers that are worth keeping, each with the key of its row.

        Raises:
            SyncConfigError: the directory cannot be written to.
        """
        lines = [{"key": change.key if change else None, "answer": answer} for change, answer in answers]
        self._results.write(config.name, lines)

    def rejects_path(self, stream: str) -> str | None:
        """Return the path of the stream's rejects file, if a row was refused."""
        return self._rejects.path(stream)

    def close(self) -> None:
        """Close all files."""
        self._rejects.close()
        self._results.close()


def file_name(stream: str) -> str:
    """Return the name of the file of a stream, whatever characters the stream's name has."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in stream)
    digest = "" if safe == stream else "-" + hashlib.sha256(stream.encode()).hexdigest()[:8]
    return f"{safe[:100]}{digest}.jsonl"


def reject_line(reject: Reject, run: str, key_names: Sequence[str], *, masked: bool) -> dict[str, Any]:
    """Return a line of a rejects file; if masked, it holds a hash of the key and no values of the row."""
    row: Any = None
    if reject.fields:
        row = msgspec.Raw(reject.fields)
    elif reject.fields is not None and reject.key is not None:
        row = key_fields(key_names, reject.key)
    elif reject.source is not None:
        row = _as_json(reject.source)
    key = reject.key
    if masked:
        key = None if key is None else "sha256:" + hashlib.sha256(key.encode()).hexdigest()[:32]
        row = None
    return {
        "run": run,
        "stream": reject.stream,
        "place": redact(reject.origin),
        "kind": reject.kind,
        "op": reject.op,
        "key": key,
        "reason": "masked" if masked and reject.kind == "invalid" else redact(reject.reason),
        "server": None if masked else redact(reject.server) or None,
        "status": reject.status,
        "attempts": reject.attempts,
        "row": row,
    }


def _as_json(text: str) -> Any:
    try:
        msgspec.json.decode(text)
    except NOT_EXACT_JSON:
        return text
    return msgspec.Raw(text.encode())
