"""DuckDB files whose names are names in SQL too."""

import duckdb
import pytest

from talon_one_storage.duckdb_files import connect_database, connect_file


def test_a_file_may_be_named_like_a_schema(tmp_path):
    """A name in SQL means the schema, even if the file has the same name."""
    path = str(tmp_path / "talon_one.duckdb")
    with connect_file(path, schemas=["talon_one"]) as db:
        db.execute("CREATE SCHEMA talon_one; CREATE TABLE talon_one.t AS SELECT 1 AS n")
    with connect_file(path, read_only=True) as db:
        assert [(1,)] == db.execute("SELECT n FROM talon_one.t").fetchall()


@pytest.mark.parametrize(
    ("name", "content"), [("rows.csv", "a,b\n1,2\n"), ("rows.json", '{"a": 1}'), ("rows.parquet", None)]
)
def test_a_data_file_is_refused_for_writing(tmp_path, name, content):
    """DuckDB opens a data file in memory, so that what is written there would be lost."""
    file = tmp_path / name
    if content is None:
        duckdb.sql("SELECT 1 AS a").write_parquet(str(file))
    else:
        file.write_text(content)
    before = file.read_bytes()
    with pytest.raises(duckdb.IOException, match="it is a data file"):
        connect_database(str(file))
    assert before == file.read_bytes()


def test_a_new_database_may_have_the_name_of_a_data_file(tmp_path):
    """Only the content of an existing file decides, not its name."""
    path = str(tmp_path / "new.csv")
    for _ in range(2):
        with connect_database(path) as db:
            db.execute("CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS n")
