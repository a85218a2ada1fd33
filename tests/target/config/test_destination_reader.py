"""Settings of a destination that are misspelled, or written in another place than theirs."""

from __future__ import annotations

import pytest

from target_talon_one.config.destination_reader import destination_from
from target_talon_one.config.destination_settings import OPTIONS
from target_talon_one.errors import SyncConfigError
from target_talon_one.settings import SYNC_SETTINGS

VALID = {"sink": "catalog_items", "mode": "mirror", "key": "sku", "map": {"price": "price"}, "catalog_id": 1}
NAMES = sorted({*VALID, *OPTIONS, "source", "depends_on"})


def problems(given, where="f.yml: syncs", others=("source", "depends_on", "alerts")):
    """Return the lines of the error of a destination."""
    with pytest.raises(SyncConfigError) as wrong:
        destination_from("items", given, where=where, others=others)
    return wrong.value.lines


@pytest.mark.parametrize("name", NAMES)
def test_a_misspelled_setting_is_named_with_the_right_one(name):
    """Whether a setting is required or not, the error names the misspelled setting, and never that one is missing."""
    typo = name[:-1] if len(name) > 3 else f"{name}y"
    given = {key: value for key, value in VALID.items() if key != name} | {typo: VALID.get(name)}
    lines = problems(given)
    assert f"f.yml: syncs.items: {typo!r} is not a known setting; did you mean {name!r}?" == lines[-1]


@pytest.mark.parametrize("name", [setting.name for setting in SYNC_SETTINGS])
@pytest.mark.parametrize("where", ["f.yml: syncs", "streams"])
def test_a_setting_of_the_whole_file_says_where_it_belongs(name, where):
    """A store, a key or a limit inside a sync is an error that says where to write it."""
    (line,) = problems(VALID | {name: "x"}, where)
    place = where.split()[-1]
    assert f"{where}.items: {name!r} is a setting of the whole file; write it at the top, beside {place}" == line
