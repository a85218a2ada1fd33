"""The end of the emulator's server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import requests

from talon_one_emulator import Emulator


def _started():
    return Emulator(seed="demo", management_rate=0)


def test_a_request_in_flight_is_answered_before_the_server_ends():
    """The server waits for an answer that is under way."""
    with ThreadPoolExecutor(1) as pool:
        with _started() as emu:
            emu.fault("get_loyalty_programs", "latency", seconds=0.3)
            key = {"Authorization": f"ManagementKey-v1 {emu.management_key}"}
            answer = pool.submit(requests.get, f"{emu.url}/v1/loyalty_programs", headers=key, timeout=10)
            while "get_loyalty_programs" not in emu.counters():
                pass
        assert answer.result().status_code == 200


def test_an_open_connection_without_a_request_does_not_keep_the_server():
    """The server closes idle connections when it ends."""
    with requests.Session() as session:
        with _started() as emu:
            key = {"Authorization": f"ManagementKey-v1 {emu.management_key}"}
            session.get(f"{emu.url}/v1/loyalty_programs", headers=key, timeout=10)
        assert not emu._thread.is_alive()
