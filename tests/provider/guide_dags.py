"""The DAGs in the pages of the Airflow guide."""

from __future__ import annotations

import re
from pathlib import Path

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "guides" / "airflow").glob("*.md"))
SNIPPET = re.compile(
    r"<!-- file: airflow/dags/(?P<name>\w+)\.py -->\n```python\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)


def write_guide_dags(folder: Path) -> None:
    """Write the DAG of each page to a file with its name."""
    folder.mkdir()
    for page in PAGES:
        for found in SNIPPET.finditer(page.read_text(encoding="utf-8")):
            (folder / f"{found['name']}.py").write_text(found["code"], encoding="utf-8")
