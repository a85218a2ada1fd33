"""The website of the documentation, built as `make site` builds it and looked at in a real browser."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser import chromium, set_width

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]+src="?(https?:[^"\s>]+)"""
    r"""|<link[^>]+rel="?(?:stylesheet|preconnect)[^>]+href="?(https?:[^"\s>]+)"""
)
WIDTHS = {"phone": 360, "desktop": 1280}
pytestmark = pytest.mark.slow


def address(page: str) -> str:
    """Return the path of a page on the website."""
    path = page.removesuffix(".md")
    return "" if path == "README" else f"{path.removesuffix('/README')}/"


@pytest.fixture(scope="module")
def site(tmp_path_factory, peer):
    """Build the website; a dead link or anchor is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [peer("site", "mkdocs"), "build", "--strict", "--quiet", "--site-dir", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    return folder


@pytest.fixture(scope="module")
def url(site):
    """Serve the website on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    """A browser that reaches no other host."""
    with chromium() as chrome:
        yield chrome


def test_every_page_is_on_the_website(site):
    """Each page of docs/ is built and found by the search, and so are the pages of the Python API."""
    assert [] == [page for page in PAGES if not (site / address(page) / "index.html").is_file()]
    found = json.loads((site / "search" / "search_index.json").read_text())["docs"]
    locations = {entry["location"] for entry in found}
    assert [] == [page for page in PAGES if address(page) not in locations]
    assert any(location.startswith("reference/python/client/#") for location in locations)


def test_no_page_loads_anything_from_elsewhere(site):
    """Scripts, styles, fonts and pictures are files of the website."""
    loaded = {page: LOADED.findall(page.read_text()) for page in site.rglob("*.html")}
    assert {} == {page: found for page, found in loaded.items() if found}
    styles = "".join(style.read_text() for style in site.rglob("*.css"))
    assert [] == re.findall(r"(?:url\(|@import )[\"']?(https?:[^)\"']+)", styles)


def test_the_website_documents_every_command_and_the_client(site):
    """The reference of the command line has each command, and the Python API the methods of the client."""
    from talon_one_cli.main import COMMANDS

    commands = (site / "reference" / "cli" / "index.html").read_text()
    assert [] == [name for name in COMMANDS if f'id="talon-one-{name}"' not in commands]
    assert "Sentinel" not in commands
    client = (site / "reference" / "python" / "client" / "index.html").read_text()
    assert "get_loyalty_card_balances" in client


def test_a_block_that_is_a_file_has_its_name(site):
    """Above the text of a file stands how the file is named."""
    for page in PAGES:
        names = re.findall(r"^<!-- file: (\S+) -->$", (DOCS / page).read_text(), re.MULTILINE)
        shown = re.findall(r'<span class="filename">(.*?)</span>', (site / address(page) / "index.html").read_text())
        assert names == shown, page


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_window(url, browser, width):
    """On a phone and on a desktop, wide tables and blocks scroll within the page, and no page reports an error."""
    set_width(browser, WIDTHS[width])
    wide, errors = [], []
    for page in PAGES:
        browser.get(url + address(page))
        if browser.execute_script("return document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(page)
        errors += [(page, one["message"]) for one in browser.get_log("browser") if one["level"] == "SEVERE"]
    assert [] == wide
    # There are no other versions here for the selector of versions.
    assert [] == [error for error in errors if "versions.json" not in error[1]]


def test_the_search_finds_a_setting(url, browser):
    """A name that is typed into the search leads to a page about it."""
    set_width(browser, WIDTHS["desktop"])
    browser.get(f"{url}?q=recheck_days")
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    results = WebDriverWait(browser, 60).until(
        lambda page: page.find_elements(By.CSS_SELECTOR, ".md-search-result__link")
    )
    assert any("/reference/" in one.get_attribute("href") for one in results)


def test_a_copied_block_has_no_prompts_and_no_output(url, browser):
    """What the copy button takes from a console block can be pasted into a shell."""
    set_width(browser, WIDTHS["desktop"])
    browser.get(f"{url}get-started/quickstart/")
    script = """
        const blocks = [...document.querySelectorAll("code")].filter(one => one.innerText.includes("talon-one check"));
        const block = blocks.at(-1);
        block.setAttribute("data-md-copying", "");
        return block.innerText;
    """
    lines = browser.execute_script(script).splitlines()
    assert "talon-one check" in lines
    assert [] == [line for line in lines if line.startswith(("$", "Integration"))]


def test_versions_stand_side_by_side(tmp_path, peer):
    """Mike publishes two versions of the website, with the later one as the latest."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, clone], check=True)
    identity = {"user.name": "tester", "user.email": "tester@localhost"}
    for name, value in identity.items():
        subprocess.run(["git", "config", name, value], cwd=clone, check=True)
    mike = peer("site", "mike")
    environment = {**os.environ, "PATH": os.pathsep.join([str(mike.parent), os.environ["PATH"]])}  # mike calls mkdocs
    for version in ("0.1", "0.2"):
        command = [mike, "deploy", "--update-aliases", version, "latest"]
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)
        assert 0 == done.returncode, done.stderr
    show = ["git", "show", "gh-pages:versions.json"]
    versions = json.loads(subprocess.run(show, cwd=clone, capture_output=True, check=True).stdout)
    assert {"0.1": [], "0.2": ["latest"]} == {one["version"]: one["aliases"] for one in versions}
