"""Versions of packages, as doctor sees them."""

from __future__ import annotations

from talon_one_cli.project.installation import check_versions, outdated


def test_the_installed_packages_fit_the_distribution():
    """The environment of the tests has everything in the versions that setup.cfg asks for."""
    assert [] == [one.message for one in check_versions() if one.level == "problem"]


def test_missing_and_old_packages_are_named_with_their_extra():
    """A package of an extra may be missing; if it is there, its version counts."""
    needed = [
        "click>=8.1",
        "click<99,>=98.5; python_version > '3'",
        "no-such-package",
        'no-such-extra>=1; extra == "redis"',
        'duckdb>=99.10; extra == "warehouse"',
    ]
    found = [(one.message.partition(" ")[0], one.to_do) for one in outdated(needed)]
    assert [
        ("click", "run: pip install --upgrade 'talon-one-connector'"),
        ("the", "run: pip install --upgrade 'talon-one-connector'"),
        ("duckdb", "run: pip install --upgrade 'talon-one-connector[warehouse]'"),
    ] == found
