"""The report of the tiny study in Debian's Chromium: what it loads, sorts, filters, and how it fits."""

import base64
import itertools
import json
from pathlib import Path

import pytest
from made_up import page, table
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from lesionflow.report.captions_and_labels import read_figure
from lesionflow.report.figures.results import results

pytestmark = pytest.mark.workflow  # a browser starts slowly

BROWSER, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
FLAGS += "--disable-sync --no-first-run"
ROWS = "#table > figure tbody tr"
# Whatever reaches over the right edge of the window outside the boxes that scroll.
CUT_OFF = """
return [...document.body.querySelectorAll("*")].filter(element =>
    element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".scroll, .picture, .card-text, pre")
).map(element => element.outerHTML.slice(0, 200));
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """Debian's browser, with nothing open."""
    if not (BROWSER.exists() and DRIVER.exists()):
        pytest.skip(f"needs {BROWSER} and {DRIVER}: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser(driver, run):
    """The report, opened from disk anew for each test, so that none depends on what another left."""
    resize(driver, 1440)
    driver.get("about:blank")
    for kind in ("performance", "browser"):
        driver.get_log(kind)  # forget what was loaded before
    driver.get((run / "results/tiny/report.html").as_uri())
    return driver


def resize(browser, width: int, height: int = 900) -> None:
    """Give the window a size, and wait until the page has it."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    WebDriverWait(browser, 30).until(lambda browser: browser.execute_script("return innerWidth") == width)


def shown(browser, selector: str) -> list:
    script = "return [...document.querySelectorAll(arguments[0])].filter(element => element.checkVisibility());"
    return browser.execute_script(script, selector)


def column(browser, name: str) -> list[str]:
    """The texts of a column of Table 4.1."""
    headers = [header.text.split("\n")[0] for header in browser.find_elements(By.CSS_SELECTOR, "#table thead th")]
    place = headers.index(name) + 1
    script = "return [...document.querySelectorAll(arguments[0])].map(cell => cell.innerText);"
    return browser.execute_script(script, f"{ROWS} td:nth-child({place})")


def test_nothing_leaves_the_page_and_nothing_fails(browser):
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    assert urls and {url.partition(":")[0] for url in urls} == {"file", "data"}
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
    pictures = browser.execute_script(
        "return [...document.images].map(image => [image.alt, image.complete && image.naturalWidth])"
    )
    assert len(pictures) > 20 and all(alt and width for alt, width in pictures)


def test_headings_and_labels(browser):
    levels = [int(heading.tag_name[1]) for heading in shown(browser, "h1, h2, h3, h4, h5, h6")]
    assert levels.count(1) == 1 == levels[0]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all(select.accessible_name for select in shown(browser, "#filters select"))
    captions = [caption.text for caption in shown(browser, "figcaption")]
    numbers = [caption.split(". ")[0] for caption in captions]
    assert all(number.startswith(("Figure ", "Table ")) for number in numbers)
    supplement = [number for number in numbers if " S" in number]
    assert len(supplement) == len(set(supplement))
    assert {"Table 4.1", "Table 3.8", "Figure 1.1", "Figure 3.9"} <= set(numbers)


def test_headers_sort(browser):
    button = next(each for each in shown(browser, "#table th button") if each.text == "Bal. acc.")
    before = column(browser, "Bal. acc.")
    orders = []
    for key, direction in ((Keys.ENTER, "ascending"), (Keys.SPACE, "descending")):
        button.send_keys(key)
        assert button.find_element(By.XPATH, "..").get_attribute("aria-sort") == direction
        texts = column(browser, "Bal. acc.")
        assert sorted(texts) == sorted(before)
        missing = texts.count("–")
        assert missing == 6 and set(texts[-missing:]) == {"–"}  # the thesis printed none; they stay last
        orders.append([float(text.split(" ")[0]) for text in texts[:-missing]])
    assert orders[0] == sorted(orders[0]) and orders[1] == orders[0][::-1] != orders[0]
    next(each for each in shown(browser, "#table th button") if each.text == "Backbone").click()
    assert column(browser, "Backbone") == sorted(column(browser, "Backbone"))
    assert len(browser.find_elements(By.CSS_SELECTOR, "#table [aria-sort]")) == 1
    # A row of totals is no class: it stays where it is.
    counts = "#images figure.tabular"
    for _ in range(2):
        browser.find_element(By.CSS_SELECTOR, f"{counts} thead tr:last-child th:nth-child(2) button").click()
        assert browser.find_element(By.CSS_SELECTOR, f"{counts} tbody tr:last-child").text.startswith("Total")


@pytest.mark.parametrize(
    ("name", "value", "rows", "hidden"),
    [
        ("protocol", "thesis", 6, "#models .picture"),
        ("backbone", "efficientnet_lite0", 6, "[data-backbone=resnet50]"),
        ("stage", "2", 6, "[data-stage='1'], [data-stage='3']"),
        ("dataset", "smote", 9, "[data-dataset=undersampled]"),
    ],
)
def test_filters(browser, name, value, rows, hidden):
    everything = "section section, figure, tbody tr, .model-card"
    before = len(shown(browser, everything))
    assert shown(browser, hidden)
    select = Select(browser.find_element(By.NAME, name))
    assert {option.text for option in select.options} > {"all", value}
    select.select_by_visible_text(value)
    assert len(shown(browser, ROWS)) == rows
    assert browser.find_element(By.ID, "shown").text == f"{rows} of 18 rows of Table 4.1"
    assert shown(browser, hidden) == []
    assert all(value in row.get_attribute(f"data-{name}").split() for row in shown(browser, ROWS))
    for card in browser.find_elements(By.CSS_SELECTOR, ".model-card"):
        assert card.is_displayed() is (card.get_attribute(f"data-{name}") == value)
    assert bool(shown(browser, "#cards")) is (value != "thesis")  # a section without anything to show goes too
    assert len(shown(browser, everything)) < before
    select.select_by_visible_text("all")
    assert len(shown(browser, everything)) == before


def test_filters_together_and_back(browser):
    for name, value in (("backbone", "resnet50"), ("stage", "3"), ("dataset", "smote")):
        Select(browser.find_element(By.NAME, name)).select_by_visible_text(value)
    assert len(shown(browser, ROWS)) == 2  # ours, and the thesis' of the backbone that ours stands for
    assert len(shown(browser, ".model-card")) == 1
    browser.find_element(By.CSS_SELECTOR, "#filters button").click()
    assert len(shown(browser, ROWS)) == 18 and len(shown(browser, ".model-card")) == 12


@pytest.mark.parametrize("protocols", [["corrected"], ["corrected", "as_published"]])
def test_the_first_screen(driver, tmp_path, protocols):
    """24 models, five verdicts and the leak are seen without scrolling; on a narrow screen the picture is first."""
    long = table(protocols=protocols).query("backbone != 'efficientnet_lite0'")
    results(tmp_path / "results.svg", long, "mine", 8)
    figures, verdicts = [read_figure(tmp_path / "results.svg")], ["A sentence of four words on a difference. " * 4] * 5
    text = page(tmp_path, results=long, figures=figures, categories={"results": "Results"}, verdicts=verdicts)
    (tmp_path / "report.html").write_text(text)
    resize(driver, 1440)
    driver.get((tmp_path / "report.html").as_uri())
    place = "return document.querySelector(arguments[0]).getBoundingClientRect()"
    for part in (".lead img", ".verdicts", ".leak"):
        assert 0 < driver.execute_script(place, part)["bottom"] <= 900, part
    assert driver.execute_script(place, "thead")["top"] > 900
    resize(driver, 390, 844)
    picture, words = (driver.execute_script(place, part) for part in (".lead img", ".lead h2"))
    assert picture["top"] < 200 and picture["right"] <= 390 and picture["bottom"] < words["top"]
    driver.execute_script("scrollTo(0, 3000)")
    assert 0 <= driver.execute_script(place, ".chapters")["top"] < 5  # the contents stay in view


@pytest.mark.parametrize("width", [390, 1440])
def test_it_fits(browser, tmp_path, width):
    resize(browser, width)
    browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true;")
    root = "document.documentElement"  # less wide than the window by the bar that scrolls it
    assert browser.execute_script(f"return {root}.scrollWidth <= {root}.clientWidth && innerWidth == {width}")
    assert browser.execute_script(CUT_OFF) == []
    picture = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]
    (tmp_path / f"report_{width}.png").write_bytes(base64.b64decode(picture))
    assert (tmp_path / f"report_{width}.png").stat().st_size > 50_000
