"""Run the marked blocks of a guide: files that it writes and console commands with the lines that they print.

``<!-- file: NAME -->`` before a fenced block writes the block to that file. ``<!-- run -->`` before a fenced `console`
block runs its commands; every other line of the block must be among the lines that its command prints. Runs of spaces
count as one, and `…` stands for any text.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BLOCK = re.compile(
    r"<!-- (?:run|file: (?P<file>\S+)) -->\n+```\w+\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass
class Command:
    """A command of a console block, and the lines that the block shows below it."""

    text: str
    expected: list[str] = field(default_factory=list)

    @property
    def in_background(self) -> bool:
        """Whether the shell would start it and go on."""
        return self.text.endswith(" &")


def commands(block: str) -> list[Command]:
    """Return the commands of a console block; a command goes on while a backslash or a quote is open."""
    found: list[Command] = []
    for line in block.splitlines():
        open_ended = bool(found) and _goes_on(found[-1].text)
        if line.startswith("$ ") and not open_ended:
            found.append(Command(line[2:].split("   # ")[0].rstrip()))
        elif open_ended:
            found[-1].text += f"\n{line}"
        elif line.strip() not in {"", "…"}:
            found[-1].expected.append(line)
    return found


def _goes_on(text: str) -> bool:
    try:
        shlex.split(text)
    except ValueError:  # a quote is open, or a backslash is last
        return True
    return False


def _pattern(line: str) -> re.Pattern[str]:
    return re.compile(".*?".join(re.escape(part) for part in " ".join(line.split()).split("…")))


def missing_lines(command: Command, printed: str) -> list[str]:
    """Return the expected lines that are not among the printed ones."""
    normal = [" ".join(line.split()) for line in printed.splitlines()]
    return [line for line in command.expected if not any(_pattern(line).search(one) for one in normal)]


class GuideRunner:
    """Runs guides in a folder.

    Args:
        folder: an empty folder, in which files are written and commands run.
        environment: of the commands; a command's `export` holds for those after it.
        replacements: text of the guide to what stands for it here, like the port.
        descriptors: open files that programs of the commands need.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        replacements: Mapping[str, str],
        descriptors: tuple[int, ...] = (),
    ) -> None:
        self.folder, self._replacements = folder, replacements
        self._shell: dict[str, Any] = {"cwd": folder, "env": dict(environment), "pass_fds": descriptors, "text": True}
        self._exports = folder / ".exports"
        self._exports.touch()

    def run(self, page: Path) -> int:
        """Run the marked blocks of a page in their order, and return the number of commands."""
        count = 0
        with ExitStack() as running:
            for match in BLOCK.finditer(self._replaced(page.read_text(encoding="utf-8"))):
                if match["file"]:
                    path = self.folder / match["file"]
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(match["text"], encoding="utf-8")
                    continue
                for command in commands(match["text"]):
                    if command.in_background:
                        running.enter_context(self._background(command))
                    else:
                        self._foreground(command)
                    count += 1
        return count

    def _replaced(self, text: str) -> str:
        for old, new in self._replacements.items():
            text = text.replace(old, new)
        return text

    def _foreground(self, command: Command) -> None:
        script = f"set -o pipefail\n. ./.exports\n{command.text}\ncode=$?\nexport -p > .exports\nexit $code"
        done = subprocess.run(["/bin/bash", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, **self._shell)
        printed = done.stdout + done.stderr
        assert 0 == done.returncode, f"$ {command.text}\n{printed[-4000:]}"
        assert [] == missing_lines(command, printed), f"$ {command.text}\n{printed[-4000:]}"

    @contextmanager
    def _background(self, command: Command) -> Iterator[None]:
        """Start a command, wait for its expected lines, and stop it at the end."""
        script = f". ./.exports\nexec {command.text.removesuffix(' &')}"
        with subprocess.Popen(
            ["/bin/bash", "-c", script], stdout=subprocess.PIPE, start_new_session=True, **self._shell
        ) as process:
            try:
                assert process.stdout is not None
                printed = ""
                while missing_lines(command, printed) and (line := process.stdout.readline()):
                    printed += line
                assert [] == missing_lines(command, printed), printed
                yield
            finally:
                os.killpg(process.pid, signal.SIGTERM)
