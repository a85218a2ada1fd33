"""Doctor's checks of the installation: versions of Python and of the packages that this distribution needs."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple

from talon_one_cli.project.check_results import CheckResult
from talon_one_singer.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DISTRIBUTION = "talon-one-connector"
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(?:\[[^]]*\])?\s*(?P<bounds>[^;]*)(?:;(?P<marker>.*))?")
_LOWEST = re.compile(r">=\s*([\d.]+)")
_SHOWN = ("duckdb", "pyarrow", "pycurl", "deltalake")


class Requirement(NamedTuple):
    """A package that the distribution needs; ``extra`` is "" if it always does."""

    name: str
    lowest: str
    extra: str


def check_versions() -> Iterator[CheckResult]:
    """Yield the versions, and what is too old or missing."""
    shown = [f"{name} {version}" for name in _SHOWN if (version := installed_version(name))]
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield CheckResult("versions", "ok", ", ".join([f"{DISTRIBUTION} {VERSION}", python, *shown]))
    try:
        needed = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        needed = []
    yield from outdated(needed)
    yield from _transport()


def outdated(needed: Sequence[str]) -> Iterator[CheckResult]:
    """Yield a result for each requirement that is missing or older than it must be.

    Args:
        needed: requirements as the metadata of the distribution hold them; those of extras may be missing.
    """
    for one in map(_requirement, needed):
        version = installed_version(one.name)
        extra = f"[{one.extra}]" if one.extra else ""
        to_do = f"run: pip install --upgrade '{DISTRIBUTION}{extra}'"
        if version is None:
            if not one.extra:
                yield CheckResult("versions", "problem", f"the package {one.name} is not installed", to_do)
        elif _numbers(version) < _numbers(one.lowest):
            yield CheckResult("versions", "problem", f"{one.name} {version} is older than {one.lowest}", to_do)


def installed_version(name: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _transport() -> Iterator[CheckResult]:
    from talon_one_client.http.transports.choice import what_curl_lacks

    if lacking := what_curl_lacks():
        yield CheckResult(
            "versions",
            "warning",
            f"requests take more CPU time, because {lacking}",
            f"run: {sys.executable} -m pip install --force-reinstall pycurl",
        )


def _requirement(text: str) -> Requirement:
    found = _REQUIREMENT.match(text)
    assert found is not None  # metadata are checked when a package is built
    lowest = _LOWEST.search(found["bounds"])
    extra = re.search(r"extra\s*==\s*[\"']([^\"']+)", found["marker"] or "")
    return Requirement(found["name"], lowest[1] if lowest else "0", extra[1] if extra else "")


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers at the start of a version, so that they can be compared: 1.10rc1 is (1, 10)."""
    found = re.match(r"[\d.]+", version)
    return tuple(int(part) for part in (found[0] if found else "0").split(".") if part)
