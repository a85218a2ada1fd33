"""What mkdocs does with docs/ besides its pages: links out of docs/, the command line, and pages of the Python API.

The pages are also read on GitHub, where files of the repository are reached by relative links. The website has only
docs/, so such a link leads to the repository there.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "https://github.com/talon-one-connector/talon-one-connector"
FILE = re.compile(r"<!-- file: (?P<name>\S+) -->\n```(?P<language>\w*)$", re.MULTILINE)
NO_DEFAULT = re.compile(r"<code>Sentinel\.\w+</code>")  # how click names it, which mkdocs-click prints
LINK = re.compile(r"\]\((?P<path>(?:\.\./)+[^)#\s]*)(?P<anchor>#[^)\s]*)?\)")
COMMANDS = re.compile(r"<!-- table: cli -->.*?<!-- end -->", re.DOTALL)
CLI = """::: mkdocs-click
    :module: talon_one_cli.main
    :command: cli
    :prog_name: talon-one
    :style: table
    :depth: 1
"""
SECTIONS = {
    "get-started": "Get started",
    "guides": "Guides",
    "reference": "Reference",
    "explanation": "Explanation",
    "decisions": "Decisions",
}
AIRFLOW = ROOT / "provider" / "airflow_provider_talon_one"
FOR_DAGS = re.compile(r"^class [A-Z]\w*(?:Operator|Sensor|Hook|Notifier)\b", re.MULTILINE)


def _airflow(folder: str) -> list[str]:
    """Return the modules of a folder of the provider that have a class for DAGs."""
    modules = sorted((AIRFLOW / folder).glob("*.py"))
    return [
        ".".join(path.with_suffix("").relative_to(AIRFLOW.parent).parts)
        for path in modules
        if FOR_DAGS.search(path.read_text(encoding="utf-8"))
    ]


PYTHON_API = {
    "client": ("Client", "talon_one_client.client", "talon_one_client.connection.config", "talon_one_client.errors"),
    "loading": ("Loads", "talon_one_loading.load", "talon_one_loading.data_frame", "talon_one_loading.dlt_source"),
    "warehouses": (
        "Warehouses and sources",
        "talon_one_warehouse.urls",
        "talon_one_warehouse.warehouse",
        "talon_one_warehouse.sources.open_source",
        "talon_one_warehouse.sources.spec",
        "talon_one_warehouse.errors",
    ),
    "airflow-transfers": ("Airflow transfers", *_airflow("transfers")),
    "airflow-operators": (
        "Airflow operators, sensors and hook",
        *_airflow("operators"),
        *_airflow("sensors"),
        *_airflow("hooks"),
        *_airflow("."),
    ),
    "emulator": ("Emulator", "talon_one_emulator.emulator", "talon_one_emulator.control.faults"),
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the Python API, and to the navigation what mkdocs.yml does not list."""
    pages = {name: f"reference/python/{name}.md" for name in PYTHON_API}
    for name, path in pages.items():
        title, *modules = PYTHON_API[name]
        text = "\n\n".join((f"# {title}: Python API", *(f"::: {module}" for module in modules)))
        files.append(File.generated(config, path, content=f"{text}\n"))
    nav: list[Any] = config.nav or []
    section = _section(_section(nav, "Reference"), "Python API")
    section += [{PYTHON_API[name][0]: path} for name, path in pages.items()]
    listed = set(_paths(nav))
    for file in files.documentation_pages():
        folder = file.src_uri.split("/")[0]
        if file.src_uri not in listed and folder in SECTIONS:
            _section(nav, SECTIONS[folder]).append(file.src_uri)
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Name the files of blocks, link to files outside docs/ in the repository, and generate the page of commands."""
    folder = posixpath.join("docs", posixpath.dirname(page.file.src_uri))

    def outside(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, match["path"]))
        if path.split("/")[0] == "docs":
            return match[0]
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"]({REPOSITORY}/{kind}/main/{path}{match['anchor'] or ''})"

    titled = FILE.sub(r'```{ .\g<language> title="\g<name>" }', markdown)
    return COMMANDS.sub(CLI, LINK.sub(outside, titled))


def on_page_content(html: str, **_: object) -> str:
    """Leave out the defaults of options that have none."""
    return NO_DEFAULT.sub("", html)


def _section(nav: list[Any], title: str) -> list[Any]:
    found: list[Any] = next(entry[title] for entry in nav if isinstance(entry, dict) and title in entry)
    return found


def _paths(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    entries = nav.values() if isinstance(nav, dict) else nav
    return [path for entry in entries for path in _paths(entry)]
