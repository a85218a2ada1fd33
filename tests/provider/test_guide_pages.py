"""The DAGs of the guide's pages run, in one Airflow and against one demo account."""

from __future__ import annotations

import re

import duckdb
import pytest

from tests.examples import SLOW_WITH_EACH_AIRFLOW, mostly_slow
from tests.provider.guide_dags import PAGES, SNIPPET

pytestmark = pytest.mark.usefixtures("database", "connection")
(LOAD,) = [page for page in PAGES if page.stem == "load"]


@pytest.fixture
def variables(tmp_path, monkeypatch):
    """The warehouse and the variables that the pages use."""
    duckdb.connect(str(tmp_path / "w.duckdb")).close()
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", f'{{"conn_type": "duckdb", "host": "{tmp_path}/w.duckdb"}}')
    monkeypatch.setenv("AIRFLOW_VAR_STORE", f"{tmp_path}/s.duckdb")
    monkeypatch.setenv("AIRFLOW_VAR_FOLDER", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("variables")
@pytest.mark.parametrize("page", mostly_slow(PAGES, [LOAD], marks=SLOW_WITH_EACH_AIRFLOW), ids=lambda page: page.stem)
def test_the_first_example_of_a_page_is_a_dag_that_runs(emu, page, run_dag):
    """The page starts with a DAG, whose run succeeds."""
    emu.reset("demo")
    text = page.read_text(encoding="utf-8")
    found = SNIPPET.search(text)
    assert found is not None
    assert text.index("```") == found.start() + found[0].index("```")
    assert "success" == run_dag(found["name"]).state


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_of_operators_has_the_import_and_the_parameters(page):
    """A page with a table of parameters imports one of its operators in the example."""
    text = page.read_text(encoding="utf-8")
    tables = re.findall(r"<!-- table: parameters-(\w+) -->", text)
    imported = re.findall(r"^from airflow_provider_talon_one\.\S+ import (.+)$", text, re.MULTILINE)
    assert not tables or any(name in line for name in tables for line in imported)
