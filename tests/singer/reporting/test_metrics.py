"""Singer metrics lines and totals."""

import json
import logging
import threading

import pytest

from talon_one_singer.reporting.metrics import Metrics, Totals


@pytest.fixture
def lines(caplog):
    """The METRIC lines so far, parsed."""
    caplog.set_level(logging.INFO, logger="talon_one_singer.reporting.metrics")

    def read():
        return [json.loads(m.removeprefix("METRIC: ")) for m in caplog.messages if m.startswith("METRIC: ")]

    return read


def test_counters_are_emitted_with_their_tags(clock, lines):
    """Rows are counted by stream, requests by endpoint and status, and retries by endpoint."""
    metrics = Metrics(clock)
    metrics.records("users", 10)
    metrics.records("users", 5)
    metrics.request("/v1/users", 200, 0.1)
    metrics.retry("/v1/users")
    metrics.emit()
    assert [
        {"type": "counter", "metric": "record_count", "value": 15, "tags": {"stream": "users"}},
        {
            "type": "counter",
            "metric": "http_request_count",
            "value": 1,
            "tags": {"endpoint": "/v1/users", "http_status_code": 200},
        },
        {"type": "counter", "metric": "http_retry_count", "value": 1, "tags": {"endpoint": "/v1/users"}},
    ] == lines()


def test_a_tick_emits_once_an_interval(clock, lines):
    """Each line has the increase since the last one, so that the sum of all lines is the total."""
    metrics = Metrics(clock, interval_s=60)
    for step_s in (59, 1, 59, 1):
        metrics.records("users", 1)
        clock.now_s += step_s
        metrics.tick()
    metrics.emit()
    assert [2, 2] == [line["value"] for line in lines()]


@pytest.mark.parametrize(("status", "outcome"), [(200, "succeeded"), (503, "failed"), (0, "failed")])
def test_request_durations_are_for_debugging(clock, lines, caplog, status, outcome):
    """Each request's timer is logged at level DEBUG only."""
    metrics = Metrics(clock)
    metrics.request("/v1", status, 0.25)
    before = lines()
    caplog.set_level(logging.DEBUG, logger="talon_one_singer.reporting.metrics")
    metrics.request("/v1", status, 0.25)
    tags = {"endpoint": "/v1", "http_status_code": status, "status": outcome}
    assert [] == before
    assert [{"type": "timer", "metric": "http_request_duration", "value": 0.25, "tags": tags}] == lines()


def test_totals_outlive_the_lines(clock):
    """Totals include counts that were already logged, from all threads."""
    metrics = Metrics(clock)
    threads = [threading.Thread(target=_count, args=(metrics,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    metrics.emit()
    metrics.retry("/v1")
    clock.now_s += 3
    assert Totals({"users": 8000}, requests=8000, retries=1, elapsed_s=3.0) == metrics.totals()


def _count(metrics):
    for _ in range(1000):
        metrics.records("users", 1)
        metrics.request("/v1", 200, 0.1)
