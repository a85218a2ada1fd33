"""DuckDB files whose names are names in SQL too."""

from talon_one_storage.duckdb_files import connect_file


def test_a_file_may_be_named_like_a_schema(tmp_path):
    """A name in SQL means the schema, even if the file has the same name."""
    path = str(tmp_path / "talon_one.duckdb")
    with connect_file(path, schemas=["talon_one"]) as db:
        db.execute("CREATE SCHEMA talon_one; CREATE TABLE talon_one.t AS SELECT 1 AS n")
    with connect_file(path, read_only=True) as db:
        assert [(1,)] == db.execute("SELECT n FROM talon_one.t").fetchall()
