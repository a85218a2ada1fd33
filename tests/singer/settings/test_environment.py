"""Environment variables that look like misspelled settings."""

import pytest

from talon_one_singer.settings.environment import misspelled
from tap_talon_one.settings import SETTINGS as TAP
from target_talon_one.settings import SETTINGS as TARGET
from target_talon_one.settings import SYNC_SETTINGS


@pytest.mark.parametrize("table", [TAP, TARGET, SYNC_SETTINGS], ids=lambda table: table.prefix)
def test_every_variable_that_lacks_a_letter_is_near_one_that_is_read(table):
    """Each variable without its third letter is found, and none that is right, longer by words, or foreign."""
    known = [name for setting in table for name in table.env_names(setting)]
    prefix = f"{table.prefix}_"
    wrong = {name[: len(prefix) + 2] + name[len(prefix) + 3 :] for name in known} - set(known)
    foreign = {f"{prefix}{word}" for word in ("WAREHOUSE", "HOME", "API_KEY_2", "PROD_API_KEY")}
    found = misspelled(dict.fromkeys({*known, *wrong, *foreign, "PATH"}, "planted"), prefix, known)
    assert wrong == {name for name, _ in found}
    assert {near for _, near in found} <= set(known)
