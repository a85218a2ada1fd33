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
from typing import IO, TYPE_CHECKING, Any, ClassVar, Self

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, ObjectStoragePath

from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.base import MasksCredentials
from airflow_provider_talon_one.parameters import convert_parameters, converted_by_schema, copy_mapping, parse_command
from talon_one_singer import Setting
from talon_one_singer.temporary_folders import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

logger = logging.getLogger(__name__)

_NO_STATE = "the target has printed a line that is no JSON, and so no state; the last state before it is kept"
_GRACE_S = 10  # for a process that is asked to end


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
        AirflowException: the tap or the target failed; has the last line of its output, all of which is logged. A
            target that fails ends the tap, and the state of what it has delivered is kept.
        AirflowFailException: one of them cannot be started.
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
        processes = _Processes(self._processes, environment)
        with processes:
            lines = processes.start(tap, target)
            unusable = b""
            for line in filter(bytes.strip, lines):
                if not self._keep_state(line):
                    unusable = line
                    break
                states += 1
            if unusable.endswith(b"\n"):
                raise AirflowException(_NO_STATE) from None
            failures = processes.wait() or [_NO_STATE] * bool(unusable)  # the line of a target that fails may be cut
        seconds = time.monotonic() - started_s
        logger.info("singer: the target emitted %s states in %.1f s", f"{states:,}", seconds)
        if failures:
            raise AirflowException("\n".join(failures)) from None
        return states

    def _state(self) -> Any:
        if not self.state_path:
            return None
        path = ObjectStoragePath(self.state_path)
        return json.loads(path.read_text()) if path.exists() else None

    def _keep_state(self, line: bytes) -> bool:
        """Write a state; return whether the line is one."""
        if self.state_path:
            try:
                text = line.decode()
                json.loads(text)
            except ValueError:
                return False
            ObjectStoragePath(self.state_path).write_text(text)
        return True

    @staticmethod
    def _file(folder: str, name: str, content: Any) -> str:
        path = Path(folder) / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content))
        return str(path)


class _Processes:
    """A tap that writes into a target, both of which end with the block.

    Args:
        running: receives the processes when they have started.
        environment: of both.
    """

    def __init__(self, running: list[subprocess.Popen[bytes]], environment: Mapping[str, str]) -> None:
        running.clear()
        self._running, self._environment = running, environment
        self._logs: dict[str, _LoggedLines] = {}
        # This process keeps the reading end until the target has ended: a tap that gets a broken pipe would fail, too.
        reading, writing = os.pipe()
        self._received, self._sent = os.fdopen(reading, "rb"), os.fdopen(writing, "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._sent.close()
        self._received.close()
        for process in self._running:
            _end(process)
            if process.stdout is not None:
                process.stdout.close()

    def start(self, tap: list[str], target: list[str]) -> IO[bytes]:
        """Start the target, then the tap, and return the output of the target.

        Raises:
            AirflowFailException: one of them cannot be started; the tap has read nothing then.
        """
        second = self._started("target", target, stdin=self._received, stdout=subprocess.PIPE)
        self._started("tap", tap, stdout=self._sent)
        self._sent.close()
        assert second.stdout is not None
        return second.stdout

    def wait(self) -> list[str]:
        """Wait for the end of both, and return how they failed. A target that fails ends the tap."""
        target, tap = self._running
        failed = target.wait()
        is_ended_here = bool(failed) and tap.poll() is None
        if is_ended_here:
            tap.terminate()
        self._received.close()
        if is_ended_here:
            _end(tap)
            return [self._logs["target"].failure(failed)]
        codes = {"tap": tap.wait(), "target": failed}
        return [self._logs[name].failure(code) for name, code in codes.items() if code]

    def _started(self, name: str, command: list[str], **streams: Any) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(  # noqa: S603
                command, stderr=subprocess.PIPE, env=self._environment, **streams
            )
        except OSError as error:
            raise AirflowFailException(
                f"the {name} cannot be started: {command[0]}: {error.strerror or error}; correct the parameter {name}, "
                "or install the program on the worker"
            ) from None
        self._running.append(process)
        self._logs[name] = _LoggedLines(name, process.stderr)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and kill it if it does not."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _LoggedLines:
    """Logs the lines that a process writes, while it runs, and keeps the last one."""

    def __init__(self, name: str, lines: IO[bytes] | None) -> None:
        assert lines is not None
        self._name, self._lines, self._last = name, lines, ""
        self._thread = Thread(target=self._read, name=f"talon-one-{name}", daemon=True)
        self._thread.start()

    def failure(self, code: int) -> str:
        """Wait for the end of the lines, and return how the process has failed, with the last one that is not empty."""
        self._thread.join(_GRACE_S)  # a process that it has started may still hold them open
        return f"the {self._name} ended with exit code {code}; its last line: {self._last or '(none)'}"

    def _read(self) -> None:
        with self._lines as lines:
            for line in lines:
                text = line.decode(errors="replace").rstrip("\n")
                self._last = text.strip() or self._last
                logger.info("%s: %s", self._name, text)


def executable(name: str) -> str:
    """Return the path of a program in the environment of this Python, like ``tap-talon-one``."""
    return str(Path(sys.executable).parent / name)
