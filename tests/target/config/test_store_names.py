"""Names of stores in locations and in names of tables."""

from __future__ import annotations

import pytest

from target_talon_one.config.store_names import endings_of, named_location, slug, split_name
from target_talon_one.errors import SyncConfigError

URL = "postgresql://u:p%2Fw@host:5432/db"


@pytest.mark.parametrize(
    ("location", "name", "expected"),
    [
        (URL, "vip", f"{URL}/vip"),
        (f"{URL}?sslmode=require", "dag.a/b", f"{URL}/dag.a%2Fb?sslmode=require"),
        ("s3://bucket/stores/", "dag.audience_members.7", "s3://bucket/stores/dag.audience_members.7"),
        ("file:///data", "Top spenders", f"file:///data/{slug('Top spenders')}"),
        ("s3://bucket", "part-1-of-2", f"s3://bucket/{slug('part-1-of-2')}"),
        ("s3://bucket", "manifest.json", f"s3://bucket/{slug('manifest.json')}"),
    ],
)
def test_a_name_is_one_more_part_of_the_path(location, name, expected):
    """A name follows the database or folder, and no name can be a file or a shard of a store without a name."""
    assert expected == named_location(location, name)


@pytest.mark.parametrize("name", ["vip", "dag.a/b", "Größe 7"])
@pytest.mark.parametrize("url", [URL, f"{URL}?sslmode=require"])
def test_the_url_of_a_database_gives_the_name_back(url, name):
    """The database is connected to without the name."""
    assert (url, "") == split_name(url)
    assert (url, name) == split_name(named_location(url, name))


def test_names_of_tables_differ_and_are_short_enough():
    """Names that differ in case, signs or length only have tables of their own, of at most 63 characters."""
    names = ["vip", "VIP", "v.i.p", "v_i_p", "x" * 150, "x" * 151, "part_1_of_2", "Größe", "價"]
    slugs = [slug(name) for name in names]
    assert len(names) == len({*slugs})
    assert [] == [one for one in slugs if len(f"talon_one_sync_store_{one}_part_16_of_64") > 63]
    assert [] == [one for one in slugs if not one.replace("_", "").isalnum() or not one.isascii()]


def test_the_shards_of_a_name_are_its_own():
    """Labels of other names, and of stores without a name, do not belong to a name."""
    labels = ["", "part-1-of-2", "a_1", "a_1-part-1-of-3", "a_12", "b_1-part-1-of-4"]
    assert ["", "part-1-of-3"] == endings_of(labels, "a_1")
    assert labels == endings_of(labels, "")


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
def test_a_name_that_cannot_be_used_is_refused(name):
    """An empty or very long name is an error."""
    with pytest.raises(SyncConfigError, match="must have 1 to 200 characters"):
        named_location("s3://bucket", name)
