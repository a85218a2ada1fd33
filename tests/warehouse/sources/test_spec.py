"""URLs of places that no source can be at."""

import re

import pyarrow as pa
import pytest

from talon_one_singer.values.arrow_values import Conversion
from talon_one_warehouse import WarehouseConfigError, open_warehouse
from talon_one_warehouse.sources.spec import DATABASES, UNSUPPORTED, source_spec


@pytest.mark.parametrize("scheme", ["mysql+pymysql", "mssql", "databricks", "snowflak", "duckbd", "postgress"])
@pytest.mark.parametrize("more", [{}, {"sql": "SELECT 1"}, {"table": "t"}])
def test_a_scheme_that_is_not_supported_is_reported(scheme, more):
    """The error about an unknown scheme lists the supported ones, without the password."""
    with pytest.raises(WarehouseConfigError) as caught:
        source_spec({"url": f"{scheme}://u:planted-key@host/db", **more}, "source")
    assert f"source: {scheme}:// is not supported" in str(caught.value)
    assert all(known in str(caught.value) for known in DATABASES)
    assert "planted-key" not in str(caught.value)


NAMED = [url.removesuffix("://") for url in DATABASES if url.endswith("://") and url != "adbc://"]


@pytest.mark.parametrize("known", NAMED)
def test_a_scheme_that_is_nearly_right_is_suggested(known):
    """The last letters doubled or swapped, capitals, and the drivers of SQLAlchemy are near misses of each scheme."""
    for wrong in (f"{known}{known[-1]}", f"{known[:-2]}{known[-1]}{known[-2]}", f"{known}+driver", f"{known.upper()}X"):
        with pytest.raises(WarehouseConfigError, match=f"{re.escape(wrong)}:// is not supported; did you mean {known}"):
            source_spec({"url": f"{wrong}://host/db", "table": "t"}, "source")
        if known != "mysql":  # which nothing is loaded into
            with pytest.raises(WarehouseConfigError, match=f"; did you mean {known}"):
                open_warehouse(f"{wrong}://host/db")


@pytest.mark.parametrize("scheme", UNSUPPORTED)
def test_known_databases_without_a_client_say_what_to_do_instead(scheme):
    """The error about a database that is known and not supported names a way that works."""
    with pytest.raises(WarehouseConfigError, match=f"{scheme}:// is not supported; .* file"):
        source_spec({"url": f"{scheme}://u:planted-key@host/db", "table": "t"}, "source")


@pytest.mark.parametrize(
    "url", ["a.csv", "s3://b/a.csv", "file:///a.csv", "simplecache::s3://b/a.csv", "https://h/a.csv"]
)
def test_files_are_at_any_place_of_fsspec(url):
    """Every scheme that fsspec knows can be the URL of a file."""
    assert url == source_spec(url, "source").url


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("second", [9_223_372_036_854, 922_431_801_600, 2_000_000_000_000, -9_223_372_036_854])
def test_a_time_out_of_the_calendar_is_readable(unit, second):
    """The message shows a time beyond the calendar, even one that Arrow cannot write."""
    per_second = {"s": 1, "ms": 1000, "us": 1_000_000}[unit]
    array = pa.array([second * per_second], pa.int64()).cast(pa.timestamp(unit, "UTC"))
    (found,) = Conversion().values(array, pa.field("t", array.type))
    assert found.reason.endswith(" is outside of the years 1 to 9999")
    assert "<" not in found.reason
    assert "range" not in found.reason
