"""A run of the benchmark in which programs fail."""

from __future__ import annotations

import sys
from argparse import Namespace
from importlib import import_module
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
WRITING = Namespace(quick=False, only="", rounds=2)


@pytest.fixture
def bench(monkeypatch, tmp_path):
    """The modules of the benchmark by name; results and page are in a folder of the test."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    found = {name: import_module(name) for name in ("run", "results", "report", "measuring", "rows.model", "rows")}
    monkeypatch.setattr(found["results"], "FILE", tmp_path / "results.json")
    monkeypatch.setattr(found["report"], "CHART", tmp_path / "chart.svg")
    monkeypatch.setattr(found["report"], "PAGE", tmp_path / "page.md")
    (tmp_path / "page.md").write_text("# Page\n\n<!-- results -->\nold\n<!-- end of results -->\n\nThe end.\n")
    yield found
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(BENCHMARKS)):
            del sys.modules[name]


def measured_rows(bench, **errors):
    """Return the rows ``start`` and ``push`` with two programs each. The error of a row is that of its second one."""

    def contender(name, error=None):
        def run(_bench, _folder):
            if error:
                raise error
            return bench["measuring"].Measured(2.0, 1.0, 50.0)

        return bench["rows.model"].Contender(name, 1_000, run)

    known = {row.name: row for row in bench["rows"].all_rows(1)}
    ours, model = bench["rows.model"].OURS, bench["rows.model"]
    return [
        model.Row(name, known[name].title, "rows", [contender(ours), contender("drt", errors.get(name))])
        for name in ("start", "push")
    ]


def kept(bench):
    """Return the names of the programs with results, by row."""
    return {name: list(row["contenders"]) for name, row in bench["results"].load().items()}


def test_the_others_are_measured_and_written_when_a_program_fails(bench, capsys):
    """A program that fails ends the run with exit code 1, but not before the page has the results of the others."""
    rows = measured_rows(bench, start=bench["measuring"].BenchFailed("2 rows are missing"))
    assert 1 == bench["run"].measure_rows(rows, None, WRITING)
    assert "start, drt failed: 2 rows are missing\nbench failed: start (drt);" in capsys.readouterr().err
    assert {"start": ["this connector"], "push": ["this connector", "drt"]} == kept(bench)
    page = bench["report"].PAGE.read_text()
    assert f"| {rows[0].title} | this connector | 500 starts/s |" in page
    assert f"| {rows[1].title} | this connector | 500 rows/s |" in page
    assert page.endswith("<!-- end of results -->\n\nThe end.\n")


def test_the_page_names_what_has_no_results(bench):
    """The page lists programs without results of a row, and rows without any; marks that compare them say so."""
    bench["run"].measure_rows(measured_rows(bench, push=OSError("full")), None, WRITING)
    lines = bench["report"].PAGE.read_text().splitlines()
    (push, mirror) = (row for row in bench["rows"].all_rows(1) if row.name in ("push", "mirror"))
    assert f"- {push.title}: {', '.join(one.name for one in push.contenders[1:])}" in lines
    assert f"- {mirror.title}" in lines
    (ratio,) = (line for line in lines if line.startswith(f"| {push.title} |") and "times drt" in line)
    assert ratio.endswith("|  | not measured |")


def test_a_program_that_is_not_installed_fails_alone(bench, capsys):
    """A command that cannot be started is an error of the program that it would have been."""
    rows = measured_rows(bench, push=FileNotFoundError(2, "No such file or directory", ".venvs/bench-drt/bin/python"))
    assert 1 == bench["run"].measure_rows(rows, None, WRITING)
    assert ".venvs/bench-drt/bin/python" in capsys.readouterr().err
    assert ["this connector"] == kept(bench)["push"]


def test_a_program_that_fails_loses_its_earlier_results(bench):
    """The page never shows figures of an earlier run for a program that fails now."""
    assert 0 == bench["run"].measure_rows(measured_rows(bench), None, WRITING)
    assert ["this connector", "drt"] == kept(bench)["push"]
    bench["run"].measure_rows(measured_rows(bench, push=OSError("full")), None, WRITING)
    assert ["this connector"] == kept(bench)["push"]


def test_a_program_that_failed_is_not_run_again(bench):
    """The rounds after an error leave out the program that failed."""
    rows = measured_rows(bench)[:1]
    runs = []

    def fail(_bench, _folder):
        runs.append(1)
        raise OSError("full")

    rows[0].contenders[1] = bench["rows.model"].Contender("drt", 1_000, fail)
    bench["run"].measure_rows(rows, None, WRITING)
    assert 1 == len(runs)


def test_every_round_is_measured(bench):
    """The number of rounds is that of the option."""
    bench["run"].measure_rows(measured_rows(bench), None, Namespace(quick=False, only="", rounds=5))
    assert 5 == len(bench["results"].load()["push"]["contenders"]["this connector"]["rounds"])
