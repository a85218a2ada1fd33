"""A loyalty program moves in by plan and push: pushes that are killed lose no point and add none twice."""

from __future__ import annotations

import json
import random
from decimal import Decimal

import pytest

from talon_one_emulator import Emulator
from tests.target.moving_in import IMPORTS, Move, Program, check_moved, journey_program, small_program


def moved(emu: Emulator, folder, program: Program, *, kills: int, seed: int) -> Move:
    """Move a program in: plan, pushes and retries that are killed at random moments, and one to the end."""
    program.write(folder)
    move, chance = Move(emu, folder), random.Random(seed)
    planned = move.run("plan", str(folder / "move-in.yml"), "--json")
    assert planned.returncode == 0, planned.stderr
    adds = {one["name"]: one["adds"] for one in json.loads(planned.stdout)["destinations"]}
    assert adds["points"] == len(program.additions)
    least = len(program.additions) // 1000 + 3 * (len(program.cards) // 1000 + 1)  # requests, were none killed
    moments = sorted(chance.sample(range(1, least), kills))
    for operation in IMPORTS:
        emu.fault(operation, "latency", count=0, seconds=0.02)
        emu.fault(operation, "latency", count=0, seconds=0.02, late=True)
    try:
        while move.killed < kills:
            count = chance.choice((move.requests, move.answers))
            enough = max(moments[move.killed], count() + chance.randint(0, 1))
            unknown = move.unknown()
            command = ["retry", unknown[0]] if unknown else ["push", str(folder / "move-in.yml")]
            code = move.run_until(lambda count=count, enough=enough: count() >= enough, *command)
            assert code in (0, 1, -9), (folder / "output.txt").read_text()
            if code == 0 and not unknown:
                break
    finally:
        emu.clear_faults()
    for run in move.unknown():
        retried = move.run("retry", run)
        assert retried.returncode == 0, retried.stderr
    done = move.run("push", str(folder / "move-in.yml"))
    assert done.returncode == 0, done.stderr
    assert not move.unknown()
    return move


def test_a_program_that_is_killed_while_it_moves_in_is_complete_in_the_end(emu, tmp_path):
    """Three kills of a small program: each point is there once, and no card, tier or join date is missing."""
    program = small_program(cards=40, baskets=3_500)
    move = moved(emu, tmp_path, program, kills=3, seed=7)
    assert 3 == move.killed
    check_moved(emu, program)
    verified = move.run("verify", str(tmp_path / "move-in.yml"), "--select", "points", "--select", "cards")
    assert "points: equal: 3,500 expected, 3,500 found, 0 not managed by this sync" in verified.stdout


@pytest.mark.slow
def test_the_journey_moves_in_although_it_is_killed_at_20_random_moments(tmp_path):
    """2,469 cards and 4,596,039.58 points are there to the cent, with tiers and join dates, and nothing twice."""
    with Emulator(seed="journey"):
        program = journey_program()
    assert (2469, Decimal("4596039.58")) == (len(program.cards), program.total)
    with Emulator(seed="empty", management_rate=0) as emu:
        move = moved(emu, tmp_path, program, kills=20, seed=11)
        assert 20 == move.killed
        check_moved(emu, program)
        truth = emu.truth(1)
    assert Decimal("4596039.58") == Decimal(str(truth["additions"]["sum"]))
