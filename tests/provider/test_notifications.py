"""The notifier for refused rows."""

from __future__ import annotations

import pytest

from airflow_provider_talon_one.notifications import RejectsNotifier


@pytest.mark.parametrize(("refused", "sent"), [(0, []), (3, ["d.t: 3 rows were refused in run r; see rejects/r"])])
def test_the_notifier_reports_refused_rows_only(refused, sent):
    """The notifier sends a text with the folder of the rejects, and none if no row was refused."""
    said = []

    class Task:
        dag_id, task_id = "d", "t"

        def xcom_pull(self, **_options):
            return {"refused": refused, "run": "r", "rejects": "rejects/r"}

    RejectsNotifier(said.append).notify({"ti": Task()})
    assert sent == said
