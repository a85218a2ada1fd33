"""Names and strings in SQL."""

from talon_one_storage.sql_names import literal, quoted


def test_a_name_may_contain_quotes():
    """A quote within a name is doubled, so that the name stays one name."""
    assert '"a""b"."c"' == quoted('a"b', "c")


def test_a_string_may_contain_quotes():
    """A quote within a string is doubled, so that the string stays one string."""
    assert "'it''s'" == literal("it's")
