"""The syncs of a command: those of a file or of a folder of files, selected by name, in the order of ``depends_on``.

Syncs of one file are one run: all of its sources are read before anything is sent. A sync is in a later run than the
syncs that it depends on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talon_one_cli.command import EXPECTED, exit_code_of
from talon_one_cli.guards_for_one_run import guards_for_one_run, with_guards
from talon_one_cli.sync.sync_file import read_sync_file
from talon_one_singer import ConfigError, SingerError
from talon_one_singer.errors import OutputError, Stopped, lines_of
from talon_one_singer.exit_codes import ExitCode
from talon_one_singer.reporting.amounts import counted
from talon_one_singer.settings.json_files import nearest
from talon_one_singer.settings.local_paths import local_path
from target_talon_one.config.identity import identity_of, same_destination
from target_talon_one.errors import IncompleteError, SyncConfigError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from talon_one_cli.sync.sync_file import Sync, SyncFile
    from talon_one_singer.reporting.logs import Redactor
    from target_talon_one.sync.run import SyncRun

_ENDINGS = (".yml", ".yaml")


class SyncsFailedError(SingerError):
    """Some of several runs failed; the message names their syncs, and those that were skipped because of them."""

    def __init__(self, *lines: str, exit_code: int, brief: Sequence[str]) -> None:
        self.exit_code = exit_code
        super().__init__(*lines, brief=brief)


@dataclass(frozen=True, slots=True)
class SyncSet:
    """Selected syncs in the order in which they run.

    Attributes:
        runs: what is one run each: a file with some of its syncs.
    """

    runs: tuple[SyncFile, ...]

    @property
    def only(self) -> SyncFile | None:
        """The only run; None if there are several."""
        return self.runs[0] if len(self.runs) == 1 else None

    def names(self) -> Iterator[str]:
        """Yield the names of the syncs."""
        yield from (sync.name for file in self.runs for sync in file.syncs)


class RunsInOrder:
    """Runs the syncs of a set, one run after the other.

    Args:
        syncs: the set.

    Attributes:
        failed: errors by the name of the sync that failed.
        skipped: names of syncs that did not run, each with a sync that it depends on and that failed or was skipped.
    """

    def __init__(self, syncs: SyncSet) -> None:
        self._syncs = syncs
        self._written: dict[tuple[str, str], str] = {}  # names of syncs by store and identity of their destination
        self._errors: list[tuple[list[str], Exception]] = []
        self.failed: dict[str, Exception] = {}
        self.skipped: dict[str, str] = {}

    def run(self, work: Callable[[SyncFile], None], *, skip_dependents: bool = True) -> None:
        """Do the work for each run. After an error the other runs follow nevertheless.

        Args:
            work: is called with the syncs of each run.
            skip_dependents: leave out syncs that depend on a failed one.

        Raises:
            SyncsFailedError: there are several runs, and one failed; of a single run its own error is raised.
        """
        only = self._syncs.only
        if only is not None:
            work(only)
            return
        for file in self._syncs.runs:
            ready = [sync for sync in file.syncs if not (skip_dependents and self._is_skipped(sync))]
            if ready:
                self._try(work, replace(file, syncs=tuple(ready)))
        self._raise_failures()

    def check_apart(self, file: SyncFile, run: SyncRun) -> None:
        """Check that no earlier run has written to a destination of this one, by the same store.

        Raises:
            SyncConfigError: one has; nothing was sent in this run.
        """
        for name, one in run.destinations.items():
            other = self._written.get((file.settings["store"], one.identity))
            if other is not None:
                raise SyncConfigError(same_destination(other, name, one.identity))

    def note_written(self, file: SyncFile, run: SyncRun) -> None:
        """Note the destinations of a run, whose audiences have been created."""
        for name, one in run.destinations.items():
            self._written[file.settings["store"], one.identity] = name

    def as_dict(self) -> dict[str, Any]:
        """Return the failed and the skipped syncs as JSON holds them."""
        return {"failed": {name: str(error) for name, error in self.failed.items()}, "skipped": dict(self.skipped)}

    def _is_skipped(self, sync: Sync) -> bool:
        cause = next((name for name in sync.depends_on if name in self.failed or name in self.skipped), None)
        if cause is not None:
            self.skipped[sync.name] = cause
        return cause is not None

    def _try(self, work: Callable[[SyncFile], None], file: SyncFile) -> None:
        try:
            work(file)
        except (Stopped, OutputError):
            raise
        except EXPECTED as error:
            names = [sync.name for sync in file.syncs]
            incomplete = error.destinations if isinstance(error, IncompleteError | VerificationError) else ()
            failed = [name for name in names if name in incomplete] or names
            self._errors.append((failed, error))
            self.failed |= dict.fromkeys(failed, error)

    def _raise_failures(self) -> None:
        if not self._errors:
            return
        codes = {exit_code_of(error) for _, error in self._errors}
        code = codes.pop() if len(codes) == 1 else ExitCode.FAILED
        raise SyncsFailedError(*self._lines(values=True), exit_code=code, brief=self._lines(values=False))

    def _lines(self, *, values: bool) -> list[str]:
        lines = []
        for names, error in self._errors:
            for line in lines_of(error, values=values):
                named = any(line.startswith(f"{name}:") or f"syncs.{name}" in line for name in names)
                lines.append(line if named else f"{', '.join(names)}: {line}")
        lines += [f"{name}: skipped, because it depends on {cause}" for name, cause in self.skipped.items()]
        count = len(list(self._syncs.names()))
        more = f", and {len(self.skipped):,} skipped: {', '.join(self.skipped)}" if self.skipped else ""
        return [*lines, f"{len(self.failed):,} of {counted(count, 'sync')} failed: {', '.join(self.failed)}{more}"]


def read_sync_set(
    path: str, config: Sequence[str], redact: Redactor, *, select: Sequence[str] = (), guards: Sequence[str] = ()
) -> SyncSet:
    """Return the syncs of a command.

    Args:
        path: a SYNC.yml, or a folder whose .yml and .yaml files are read.
        config: paths of ``--config`` files.
        redact: gets the secrets of files, config and environment.
        select: values of ``--select``; without any, all syncs are taken.
        guards: values of ``--guard``.

    Raises:
        ConfigError: a file or an option cannot be used, two syncs have one name, or syncs depend on each other.
    """
    files = [read_sync_file(one, config, redact) for one in _files(path)]
    place = {sync.name: file.path for file in files for sync in file.syncs}
    _check_names(files, place)
    chosen = _selected(select, place)
    syncs = {sync.name: sync for file in files for sync in file.syncs if sync.name in chosen}
    changed = guards_for_one_run(guards, syncs)
    syncs = {name: replace(one, destination=with_guards(one.destination, changed)) for name, one in syncs.items()}
    _check_apart(files, syncs)
    return SyncSet(tuple(_runs(files, syncs)))


def _files(path: str) -> list[str]:
    folder = Path(local_path(path))
    if not path or not folder.is_dir():
        return [path]
    found = sorted(str(one) for one in folder.iterdir() if one.suffix in _ENDINGS and one.is_file())
    if not found:
        raise ConfigError(f"the folder {path} has no file that ends with {' or '.join(_ENDINGS)}; give a SYNC.yml")
    return found


def _check_names(files: Sequence[SyncFile], place: Mapping[str, str]) -> None:
    problems = []
    for file in files:
        for sync in file.syncs:
            if place[sync.name] != file.path:
                where = f"{file.path} and {place[sync.name]}"
                problems.append(f"{where} both have a sync {sync.name!r}; rename one of them")
            problems += [
                f"{file.path}: syncs.{sync.name}.depends_on: there is no sync {name!r}"
                f"{nearest(name, place) or '; if it is in another file, give the folder of both'}"
                for name in sync.depends_on
                if name not in place
            ]
    if problems:
        raise ConfigError(*problems)


def _check_apart(files: Sequence[SyncFile], syncs: Mapping[str, Sync]) -> None:
    """Check that no two syncs of one store write to the same destination, as far as the settings show it."""
    names: dict[tuple[str, str], str] = {}
    for file in files:
        for sync in file.syncs:
            if sync.name in syncs:
                identity = identity_of(sync.destination, sync.destination.target, file.settings["base_url"])
                other = names.setdefault((file.settings["store"], identity), sync.name)
                if other != sync.name:
                    raise ConfigError(same_destination(other, sync.name, identity))


def _selected(select: Sequence[str], known: Mapping[str, str]) -> set[str]:
    if not select:
        return set(known)
    names = [name.strip() for text in select for name in text.split(",") if name.strip()]
    if not names:
        raise ConfigError("--select names no sync; leave it out to run all syncs")
    problems = [f"--select: there is no sync {name!r}{nearest(name, known)}" for name in names if name not in known]
    if problems:
        raise ConfigError(*problems, f"the syncs are {', '.join(known)}")
    return set(names)


def _runs(files: Sequence[SyncFile], syncs: Mapping[str, Sync]) -> Iterator[SyncFile]:
    levels = _levels(syncs)
    for level in sorted(set(levels.values())):
        for file in files:
            members = tuple(syncs[one.name] for one in file.syncs if levels.get(one.name) == level)
            if members:
                yield replace(file, syncs=members)


def _levels(syncs: Mapping[str, Sync]) -> dict[str, int]:
    """Return by name 0 for a sync that depends on none of the others, else one more than the largest of those.

    Raises:
        ConfigError: syncs depend on each other in a circle; names them.
    """
    levels: dict[str, int] = {}
    needs = {name: [other for other in sync.depends_on if other in syncs] for name, sync in syncs.items()}
    while len(levels) < len(syncs):
        ready = [name for name in syncs if name not in levels and all(other in levels for other in needs[name])]
        if not ready:
            circle = " → ".join(_circle(needs, levels))
            raise ConfigError(f"syncs depend on each other in a circle: {circle}; remove one of these depends_on")
        levels |= {name: 1 + max((levels[other] for other in needs[name]), default=-1) for name in ready}
    return levels


def _circle(needs: Mapping[str, Sequence[str]], done: Mapping[str, int]) -> list[str]:
    """Return the names along a circle, the first one again at its end."""
    path = [next(name for name in needs if name not in done)]
    while path[-1] not in path[:-1]:
        path.append(next(other for other in needs[path[-1]] if other not in done))
    return path[path.index(path[-1]) :]
