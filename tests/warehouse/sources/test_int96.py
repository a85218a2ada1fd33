"""Times of 96 bits in Parquet, as Spark, Impala and old versions of pandas write them."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_warehouse import SourceSpec, open_source

FAR = "outside of the years 1 to 9999"
DAY = 86_400
NS = 1_767_225_600_123_456_789  # 2026-01-01T00:00:00.123456789Z
SPARK = [
    ("2026-01-01T00:00:00.123456789", '"2026-01-01T00:00:00.123456789Z"'),
    ("2026-01-01T00:00:00.12", '"2026-01-01T00:00:00.12Z"'),
    ("1969-12-31T23:59:59.999999999", '"1969-12-31T23:59:59.999999999Z"'),
    (None, "null"),
]
# What Spark writes and Arrow does not: the Julian day beside the nanoseconds of the day may be of any year.
DAYS = {5_373_484: '"9999-12-31T00:00:00Z"', 1_721_426: '"0001-01-01T00:00:00Z"', 5_373_485: FAR, 1_721_425: FAR}


@pytest.mark.parametrize("rendered", [False, True])
@pytest.mark.parametrize("nested", [False, True])
def test_times_of_96_bits_have_all_their_digits(tmp_path, sent, nested, rendered):
    """96-bit times of Spark, Impala and old pandas keep all digits, alone and in nested types."""
    stamps = pa.array([None if one is None else np.datetime64(one, "ns") for one, _ in SPARK], pa.timestamp("ns"))
    column = pa.StructArray.from_arrays([stamps], ["at"]) if nested else stamps
    pq.write_table(pa.table({"x": column}), tmp_path / "x.parquet", use_deprecated_int96_timestamps=True)
    with open_source(SourceSpec(str(tmp_path / "x.parquet")), rendered=rendered) as source:
        values = [row["x"] for part in source.rows() for row in part]
    assert [f'{{"at":{one}}}' if nested else one for _, one in SPARK] == list(map(sent, values))


def of_96_bits(nanoseconds, day):
    return nanoseconds.to_bytes(8, "little") + day.to_bytes(4, "little")


@pytest.mark.parametrize("day", DAYS)
def test_times_of_96_bits_reach_any_year(tmp_path, sent, of_batch, day):
    """A year that nanoseconds do not reach becomes no other year, in a source and in a BATCH."""
    written = io.BytesIO()
    options = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    stamps = pa.array([NS]).view(pa.timestamp("ns"))
    pq.write_table(pa.table({"x": stamps}), written, use_deprecated_int96_timestamps=True, **options)
    before, after = of_96_bits(123_456_789, 2_440_588 + NS // (DAY * 10**9)), of_96_bits(0, day)
    assert 1 == written.getvalue().count(before)
    (tmp_path / "x.parquet").write_bytes(written.getvalue().replace(before, after))
    with open_source(SourceSpec(str(tmp_path / "x.parquet"))) as source:
        ((row,),) = source.rows()
    (batch,) = of_batch(tmp_path / "x.parquet", "parquet", sent)
    assert DAYS[day] in sent(row["x"])
    assert DAYS[day] in batch
