"""The pages of Airflow in a real browser. `make screenshots` keeps the pictures."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from airflow_provider_talon_one.connection_fields import FIELDS
from talon_one_emulator import Emulator
from tests.browser import chromium, set_width

pytest.importorskip("selenium", reason="selenium is not installed")
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).resolve().parent.parent.parent
NOT_YET = (NoSuchElementException, StaleElementReferenceException, ElementClickInterceptedException)
DIALOG = "//*[@role='dialog' and @data-state='open']"
CONNECTION = "talon_one_default"
pytestmark = pytest.mark.slow


class Person:
    """A user in front of the browser.

    Args:
        browser: the one they use.
        url: of Airflow.
        pictures: the folder for what they saw.
        wrong: the picture of what they did not expect.
    """

    def __init__(self, browser, url, pictures, wrong):
        self.browser, self.url, self.pictures, self.wrong = browser, url, pictures, wrong

    def until(self, true, seconds=60):
        """Wait for what ``true`` returns."""
        try:
            return WebDriverWait(self.browser, seconds, 0.1, NOT_YET).until(lambda _: true())
        except TimeoutException:
            self.browser.save_screenshot(self.wrong)
            raise

    def look(self, xpath, seconds=60):
        """Return the element that is shown."""

        def shown():
            found = self.browser.find_element(By.XPATH, xpath)
            return found.is_displayed() and found

        return self.until(shown, seconds)

    def read(self, xpath, seconds=60):
        """Return the text that is shown."""
        return self.until(lambda: self.browser.find_element(By.XPATH, xpath).text, seconds)

    def click(self, xpath):
        """Click an element when it is visible, enabled and not covered."""

        def clicked():
            found = self.browser.find_element(By.XPATH, xpath)
            if found.is_displayed() and found.is_enabled():
                found.click()
                return True
            return False

        self.until(clicked)

    def open(self, *words):
        """Open a page of the menu at the left."""
        self.browser.get(self.url)
        self.click(f"//button[@aria-label='{words[0]}']")
        self.click(f"//*[@role='menuitem'][normalize-space(.)='{words[1]}']")

    def field(self, label):
        """Return the input beside a label of the open form."""
        group = f"{DIALOG}//label[starts-with(normalize-space(.), '{label}')]/ancestor::*[@role='group'][1]"
        return self.look(f"{group}//*[self::input or self::textarea]")

    def type(self, label, text):
        """Replace the text of a field."""

        def typed():
            field = self.field(label)
            if text == field.get_attribute("value"):
                return True
            field.send_keys(Keys.CONTROL, "a")
            self.browser.execute_cdp_cmd("Input.insertText", {"text": text})  # at once: fast keys get lost here
            return False  # looked at again, as the form may have been drawn anew

        self.until(typed)

    def close(self):
        """Leave a form without saving."""
        self.click(f"{DIALOG}//button[@aria-label='Close']")
        self.gone(DIALOG)

    def gone(self, xpath):
        """Wait until an element has disappeared."""
        self.until(lambda: not self.browser.find_elements(By.XPATH, xpath))

    def picture(self, name):
        """Save a picture of the page when nothing moves."""
        still = """return document.querySelectorAll("[data-testid='skeleton']").length == 0
            && document.getAnimations().every(one => one.playState != 'running'
                || one.effect.getComputedTiming().iterations == Infinity)"""
        self.until(lambda: self.browser.execute_script(still))
        self.browser.save_screenshot(self.pictures / f"airflow-{name}.png")


@pytest.fixture(scope="module")
def account():
    """20 cards with 50 transactions each."""
    with Emulator(seed="synthetic", cards=20, transactions=50, management_rate=0) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def browser():
    """Return Chromium without a window, which reaches only this machine."""
    with chromium() as chrome:
        set_width(chrome, 1280)
        yield chrome


@pytest.fixture(scope="module")
def home():
    """A folder for Airflow, with a short name because it is in the pictures."""
    with tempfile.TemporaryDirectory(prefix="airflow-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def airflow(account, browser, home):
    """Return the Airflow that ``make airflow`` starts, without a connection."""
    spec = importlib.util.spec_from_file_location("airflow_live", ROOT / "scripts" / "airflow_live.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["airflow_live"] = module
    spec.loader.exec_module(module)
    live = module.LiveAirflow(home, account.url)
    del live.environment["AIRFLOW_CONN_TALON_ONE_DEFAULT"]
    with live:
        yield live


@pytest.fixture(scope="module")
def person(airflow, browser, tmp_path_factory):
    """Return the user whose pictures are written to docs/images with KEEP_SCREENSHOTS=1."""
    folder = tmp_path_factory.mktemp("pictures")
    pictures = ROOT / "docs" / "images" if os.environ.get("KEEP_SCREENSHOTS") == "1" else folder
    return Person(browser, airflow.url, pictures, folder / "wrong.png")


@contextmanager
def new_connection(person, name):
    """Open the form of a new connection of the type Talon.One."""
    person.open("Admin", "Connections")
    person.click("//button[normalize-space(.)='Add Connection']")
    person.type("Connection ID", name)
    person.field("Connection Type").send_keys("Talon")
    person.click("//*[@role='option'][normalize-space(.)='Talon.One']")
    yield
    person.gone(DIALOG)


def add_connection(person, account, name, key, see=lambda _: None):
    """Fill in the form and save it; ``see`` is called when there is something to look at."""
    with new_connection(person, name):
        base_url, _, port = account.url.rpartition(":")
        person.type("Base URL", base_url)
        person.type("Port", port)
        person.type("Integration API key", key)
        see("connection")
        person.click(f"{DIALOG}//button[normalize-space(.)='Extra Fields']")
        person.type("Management API key", account.management_key)
        person.type("Requests per second", "50")
        person.type("Management requests per second", "3")
        see("connection-extra")
        person.click(f"{DIALOG}//button[normalize-space(.)='Save']")


def press_test(person, name):
    """Press the Test button of a saved connection, and return title and text of the message."""
    person.open("Admin", "Connections")
    person.click(f"//tr[contains(., '{name}')]//button[@aria-label='Test Connection']")
    said = "//*[@role='status'][contains(., 'Test Connection')]"
    title, text = person.read(said).split("\n", 1)
    with suppress(*NOT_YET):  # it stays while the mouse is on it
        ActionChains(person.browser).move_to_element(person.browser.find_element(By.XPATH, said)).perform()
    return title, text


@pytest.fixture(scope="module")
def connection(person, account):
    """Add the connection that the DAGs use in the form."""
    add_connection(person, account, CONNECTION, account.api_key, person.picture)


def trigger(person, airflow, dag, values, name=None):
    """Start a DAG with the form of its parameters, and open the page of the run."""
    airflow.wait_for_dag(dag)
    person.browser.get(f"{person.url}/dags/{dag}")
    person.click("//button[@data-testid='trigger-dag-button']")
    for label, value in values.items():
        person.type(label, value)
    if name:
        person.picture(name)
    person.click("//button[@data-testid='trigger-dag-submit']")
    person.until(lambda: f"/dags/{dag}/runs/" in person.browser.current_url)


def end_of_run(person, seconds=180):
    """Return the final state on the page of the run."""
    badge = "//*[@data-testid='header-card']//*[@data-testid='state-badge']"
    return person.read(f"{badge}[contains(., 'Success') or contains(., 'Failed')]", seconds)


@pytest.fixture(scope="module")
def warehouse(person, airflow, connection, home):
    """Run the hourly DAG from its form, check that its page shows success, and return the warehouse's URL."""
    url = f"duckdb:///{home}/loyalty-of-shop.duckdb"
    trigger(person, airflow, "talon_one_hourly_load", {"Warehouse": url, "Requests in flight": "4"}, "trigger")
    assert "Success" == end_of_run(person)
    return url


def test_the_form_shows_our_fields(person):
    """The form has the labels and descriptions of the table, and hides the standard fields that are not used."""
    with new_connection(person, "looked-at"):
        assert "https://yourbaseurl.talon.one" == person.field("Base URL").get_attribute("placeholder")
        standard = [one.text for one in person.browser.find_elements(By.XPATH, f"{DIALOG}//label") if one.text]
        assert ["Description", "Base URL", "Integration API key", "Port"] == standard[2:]
        person.click(f"{DIALOG}//button[normalize-space(.)='Extra Fields']")
        person.field(FIELDS[-1].label)
        shown = person.read(DIALOG)
        assert [] == [one.label for one in FIELDS if one.label not in shown or one.about not in shown]
        assert "null" not in shown
        person.close()


def test_the_test_button_tells_what_the_keys_may_read(person, connection):
    """The result of Test is a sentence that can be read while it is shown."""
    title, text = press_test(person, CONNECTION)
    person.picture("test-connection")
    assert "Test Connection Successful" == title
    assert text == (
        "Integration API key works, may read customer inventory. Management API key works, may read loyalty programs, "
        "applications, customer profiles, audiences, attributes."
    )


def test_a_wrong_key_is_reported(person, account):
    """The message names the wrong key and Talon.One's reason, and does not show the key."""
    add_connection(person, account, "mistyped", "planted-wrong-key")
    title, text = press_test(person, "mistyped")
    assert "Test Connection Failed" == title
    assert "Integration API key does not work: HTTP 401" in text
    assert "Management API key works" in text
    assert "planted" not in text


def test_no_key_comes_back(person, account, connection):
    """The page of a saved connection shows no key, in the fields or elsewhere."""
    person.open("Admin", "Connections")
    person.click(f"//tr[contains(., '{CONNECTION}')]//button[@aria-label='Edit Connection']")
    assert "http://127.0.0.1" == person.field("Base URL").get_attribute("value")
    assert "***" == person.field("Integration API key").get_attribute("value")
    person.click(f"{DIALOG}//button[normalize-space(.)='Extra Fields']")
    assert "***" == person.field("Management API key").get_attribute("value")
    assert "50" == person.field("Requests per second").get_attribute("value")
    person.click(f"{DIALOG}//button[normalize-space(.)='Extra Fields JSON']")
    person.until(lambda: "management_api_key" in person.read(f"{DIALOG}//*[@role='code']"))
    for key in (account.api_key, account.management_key):
        assert key not in person.browser.page_source
    person.close()


def test_the_form_of_what_cannot_be_undone_says_so(person, airflow):
    """Whoever triggers the deletion of customers reads first that it cannot be undone."""
    airflow.wait_for_dag("talon_one_erase")
    person.browser.get(f"{person.url}/dags/talon_one_erase")
    person.click("//button[@data-testid='trigger-dag-button']")
    shown = "All data of these customers is deleted, in every Application. This cannot be undone."
    person.until(lambda: shown in person.read(DIALOG))
    person.close()


def test_the_result_of_a_load_is_in_its_xcom(person, warehouse):
    """The page of the task shows the counts of the load."""
    person.click("//td//a[normalize-space(.)='load']")
    person.click("//a[normalize-space(.)='Storage']")
    person.click("//a[normalize-space(.)='XCom']")
    person.click("//*[@data-testid='expand-all-button']")
    person.until(lambda: '"inserted": 1000' in person.read("//*[@data-testid='xcom-value']"))
    person.picture("xcom")


def test_a_person_approves_a_segment(person, account, airflow, warehouse):
    """Required Actions shows the numbers of the plan, and after approval the segment is pushed and verified."""
    trigger(person, airflow, "talon_one_segments", {"Warehouse": warehouse, "Minimum points": "1"})
    run = person.browser.current_url
    person.look("//tr[contains(., 'approve')]//*[@data-testid='state-badge'][contains(., 'Awaiting Input')]", 180)
    airflow.wait_for_answerable("approve")
    assert [] == account.state("memberships")["memberships"]
    person.open("Browse", "Required Actions")
    person.click("//a[contains(., 'Push the segment Top spenders?')]")
    person.look("//*[contains(text(), '20 to add, 0 to remove')]")
    person.picture("approval")
    person.click("//button[@data-testid='hitl-option-Approve']")
    person.look("//*[contains(text(), 'Response received at')]")
    person.browser.get(run)
    assert "Success" == end_of_run(person)
    assert 20 == len(account.state("memberships")["memberships"])
