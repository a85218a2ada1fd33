"""Run any Singer tap into any Singer target, as processes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowException, ObjectStoragePath

from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.base import MasksCredentials
from airflow_provider_talon_one.parameters import convert_parameters, converted_by_schema, copy_mapping, parse_command
from talon_one_singer import Setting
from talon_one_singer.temporary_folders import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

logger = logging.getLogger(__name__)


class SingerOperator(MasksCredentials):
    """Runs ``tap | target`` and keeps the state between runs.

    Pass keys in ``env``, filled from connections or variables, because Airflow masks their values. The settings are
    written to files that only the worker's user can read, and that are deleted afterward.

    Args:
        tap: command of the tap, like ``["tap-postgres"]``; also as the text of a list or as a command line.
        target: command of the target, like ``["target-talon-one"]``.
        tap_config, target_config: settings of the tap and of the target.
        catalog: catalog of the tap, or None.
        state_path: where the state is kept: a path or an object storage URL.
        env: additional environment variables for the tap and the target.

    Raises:
        AirflowException: the tap or the target failed; has the last line of its output, all of which is logged.
    """

    template_fields: Sequence[str] = ("tap", "target", "tap_config", "target_config", "catalog", "state_path", "env")
    parameters: ClassVar[Sequence[Setting]] = (
        Setting("tap_config", "object", "Settings of the tap.", default={}),
        Setting("target_config", "object", "Settings of the target.", default={}),
        Setting("catalog", "object", "Catalog of the tap."),
        Setting("state_path", "string", "Where the state is kept."),
        Setting("env", "object", "Additional environment variables.", default={}),
    )
    ui_color = "#f7ede4"

    def __init__(
        self,
        *,
        tap: Sequence[str] | str,
        target: Sequence[str] | str,
        tap_config: Mapping[str, Any] | str | None = None,
        target_config: Mapping[str, Any] | str | None = None,
        catalog: Mapping[str, Any] | str | None = None,
        state_path: str | None = None,
        env: Mapping[str, str] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tap, self.target = tap, target
        self.tap_config, self.target_config = copy_mapping(tap_config), copy_mapping(target_config)
        self.catalog, self.state_path, self.env = catalog, state_path, copy_mapping(env)
        self._processes: list[subprocess.Popen[bytes]] = []

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the tap and the target, and return how many states the target emitted."""
        del context
        with fail_for_good():
            self.convert()
            environment = {**os.environ, **{str(name): str(value) for name, value in self.env.items()}}
        with TemporaryFolder("singer") as folder:
            tap = [*self.tap, "--config", self._file(folder, "tap.json", self.tap_config)]
            if self.catalog:
                tap += ["--catalog", self._file(folder, "catalog.json", self.catalog)]
            state = self._state()
            if state is not None:
                tap += ["--state", self._file(folder, "state.json", state)]
            target = [*self.target, "--config", self._file(folder, "target.json", self.target_config)]
            states = self._run(tap, target, environment)
        return {"states": states}

    def convert(self) -> None:
        """Convert the rendered arguments to their types; instants in the settings become RFC 3339.

        Raises:
            ValueError: names the parameter.
        """
        convert_parameters(self, self.parameters)
        self.tap, self.target = parse_command("tap", self.tap), parse_command("target", self.target)
        self.tap_config, self.target_config = (
            converted_by_schema({}, one) for one in (self.tap_config, self.target_config)
        )

    def on_kill(self) -> None:
        """Ask the tap and the target to end; the target first emits the state of the rows that it has delivered."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()

    def _run(self, tap: list[str], target: list[str], environment: Mapping[str, str]) -> int:
        states, started_s = 0, time.monotonic()
        pipe = subprocess.PIPE
        first = subprocess.Popen(tap, stdout=pipe, stderr=pipe, env=environment)  # noqa: S603
        second = subprocess.Popen(target, stdin=first.stdout, stdout=pipe, stderr=pipe, env=environment)  # noqa: S603
        self._processes = [first, second]
        assert first.stdout is not None
        assert second.stdout is not None
        first.stdout.close()
        logs = [_LoggedLines("tap", first.stderr), _LoggedLines("target", second.stderr)]
        with second.stdout as lines:
            for line in lines:
                if line.strip():
                    self._keep_state(line.decode())
                    states += 1
        codes = [process.wait() for process in self._processes]
        seconds = time.monotonic() - started_s
        logger.info("singer: the target emitted %s states in %.1f s", f"{states:,}", seconds)
        for log, code in zip(logs, codes, strict=True):
            last = log.last_line()
            if code:
                raise AirflowException(f"the {log.name} ended with exit code {code}; its last line: {last}") from None
        return states

    def _state(self) -> Any:
        if not self.state_path:
            return None
        path = ObjectStoragePath(self.state_path)
        return json.loads(path.read_text()) if path.exists() else None

    def _keep_state(self, text: str) -> None:
        if self.state_path:
            json.loads(text)
            ObjectStoragePath(self.state_path).write_text(text)

    @staticmethod
    def _file(folder: str, name: str, content: Any) -> str:
        path = Path(folder) / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content))
        return str(path)


class _LoggedLines:
    """Logs the lines that a process writes, while it runs, and keeps the last one."""

    def __init__(self, name: str, lines: IO[bytes] | None) -> None:
        assert lines is not None
        self.name = name
        self._lines, self._last = lines, ""
        self._thread = Thread(target=self._read, name=f"talon-one-{name}", daemon=True)
        self._thread.start()

    def last_line(self) -> str:
        """Wait for the end of the lines, and return the last one that is not empty."""
        self._thread.join()
        return self._last

    def _read(self) -> None:
        with self._lines as lines:
            for line in lines:
                text = line.decode(errors="replace").rstrip("\n")
                self._last = text.strip() or self._last
                logger.info("%s: %s", self.name, text)


def executable(name: str) -> str:
    """Return the path of a program in the environment of this Python, like ``tap-talon-one``."""
    return str(Path(sys.executable).parent / name)
