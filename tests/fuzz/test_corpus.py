"""The corpus and some hundred mutated copies of it, the same in every run. ``make fuzz`` runs more of them."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.fuzz.running import CORPUS, corpus, run, variants
from tests.fuzz.targets import TARGETS, open_target

COUNT = 300
SLOW = {"messages": 80}  # each input is a run with a store


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_ends_in_a_result_or_an_expected_error(name: str):
    """Every kept input and its mutated copies lead to a result or an error with a message, within the limits."""
    kept = corpus(name)
    changed = variants(kept, random.Random(f"test {name}"))
    with open_target(name) as target:
        for data in itertools.chain(kept, itertools.islice(changed, SLOW.get(name, COUNT))):
            run(target, data)


def test_the_corpus_has_inputs_for_each_target_and_stays_small():
    """Each target has a directory with inputs, no other directory is there, and all are small enough to be kept."""
    assert {path.name for path in CORPUS.iterdir()} <= set(TARGETS)
    assert all(corpus(name) for name in TARGETS)
    assert sum(path.stat().st_size for path in CORPUS.glob("*/*")) < 200_000
