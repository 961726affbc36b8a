"""The page in a real browser: it opens from the disk, asks no network, sorts, filters and fits."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scenarios import tables
from scenarios.report import Drawing, Report, html

Make = Callable[..., Report]
Open = Callable[[Report], Any]
HOSTILE = "<script>document.title = 'taken'</script> \"'&amp; <b>bold</b> 🐢 " + "w" * 200


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens a report from the disk, with logs that hold nothing of other tests."""

    def opened(report: Report) -> Any:
        path = tmp_path / "report.html"
        path.write_bytes(html(report).encode())
        for kind in ("browser", "performance"):
            browser.get_log(kind)
        browser.get(path.as_uri())
        return browser

    yield opened
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def column(browser: Any, table: str, place: int) -> list[str]:
    """The texts of a column, of the rows that are shown."""
    script = """return Array.from(document.querySelectorAll(`#${arguments[0]} tbody tr:not([hidden])`),
                                 (row) => row.cells[arguments[1]].innerText)"""
    return list(browser.execute_script(script, table, place))


def heading(browser: Any, table: str, title: str) -> Any:
    """The button in the heading of a column."""
    buttons = browser.find_elements("css selector", f"#{table} thead button")
    return next(button for button in buttons if button.text == title)


def sorted_as(browser: Any, table: str) -> list[str]:
    """What the headings tell of the order, where they tell something."""
    cells = browser.find_elements("css selector", f"#{table} thead th")
    return [told for told in (cell.get_attribute("aria-sort") for cell in cells) if told != "none"]


def test_it_opens_without_an_error_or_a_request(page: Open, report: Make, drawings: dict[str, Drawing]) -> None:
    """Nothing in the console, and nothing asked of anything but this file."""
    browser = page(report(figures=drawings))
    assert browser.title == "small: Who is first?"
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert browser.current_url in asked
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_the_browser_refuses_what_somebody_adds(page: Open, report: Make) -> None:
    """A script or an image of another place, put into the page, is neither run nor loaded."""
    browser = page(report())
    browser.execute_script("""
        const script = document.createElement("script"); script.textContent = "document.title = 'taken'";
        const image = document.createElement("img"); image.src = "http://127.0.0.1:9/x.png";
        document.body.append(script, image);""")
    assert browser.title == "small: Who is first?"
    refused = [entry["message"] for entry in browser.get_log("browser")]
    assert len([message for message in refused if "Content Security Policy" in message]) == 2


def test_a_click_sorts_by_the_number_and_a_second_one_reverses(page: Open, report: Make) -> None:
    """950 before 7600 before 25.6k, which as text is the other way round; a dash stays last."""
    browser = page(report())
    button = heading(browser, "summary", "time to target [s]")
    button.click()
    assert column(browser, "summary", 0) == ["soba", "adbo", "sldbo", "dsoba"]
    assert sorted_as(browser, "summary") == ["ascending"]
    button.click()
    assert column(browser, "summary", 0) == ["sldbo", "adbo", "soba", "dsoba"]
    assert sorted_as(browser, "summary") == ["descending"]
    heading(browser, "summary", "algorithm").click()
    assert column(browser, "summary", 0) == ["adbo", "dsoba", "sldbo", "soba"]
    assert sorted_as(browser, "summary") == ["ascending"]


def test_prefixes_and_per_cents_are_numbers(page: Open, report: Make) -> None:
    """4.56M is more than 12.3k, 9 % less than 80 %, and labels with numbers go by these."""
    texts = ["4.56M", "950", "-", "12.3k (11k to 14k)", "1.2G"]
    shares = ["80 %", "9 %", "-", "51 % (9 % to 99 %)", "100 %"]
    labels = ["run 10", "run 9", "b", "a", "run 1"]
    browser = page(report(table=pd.DataFrame({"algorithm": labels, "bits": texts, "idle share": shares})))
    heading(browser, "summary", "bits").click()
    assert column(browser, "summary", 1) == ["950", "12.3k\n(11k to 14k)", "4.56M", "1.2G", "-"]
    heading(browser, "summary", "idle share").click()
    assert column(browser, "summary", 2) == ["9 %", "51 %\n(9 % to 99 %)", "80 %", "100 %", "-"]
    heading(browser, "summary", "algorithm").click()
    assert column(browser, "summary", 0) == ["a", "b", "run 1", "run 9", "run 10"]


def test_headings_answer_to_the_keyboard(page: Open, report: Make) -> None:
    """They can be reached, and the enter key sorts."""
    browser = page(report())
    button = heading(browser, "summary", "time to target [s]")
    browser.execute_script("arguments[0].focus()", button)
    assert browser.switch_to.active_element == button
    button.send_keys("\n")
    assert sorted_as(browser, "summary") == ["ascending"]


def test_the_filter_keeps_rows_with_all_words(page: Open, report: Make) -> None:
    """In any order and case, reasons included, over what is sorted; nothing typed shows all."""
    browser = page(report())
    heading(browser, "every-run", "seed").click()
    field = browser.find_element("id", "filter")
    found = browser.find_element("id", "found")
    field.send_keys("REACHED soba")
    assert column(browser, "every-run", 0) == ["soba", "soba"]
    assert found.text == "2 of 7 rows"
    field.clear()
    field.send_keys("waits for agent 5")
    assert column(browser, "every-run", 0) == ["sldbo"]
    field.clear()
    field.send_keys("no such words")
    assert column(browser, "every-run", 0) == []
    field.clear()
    field.send_keys(" ")
    assert len(column(browser, "every-run", 0)) == 7
    assert found.text == "7 rows"


def test_all_columns_come_on_demand(page: Open, report: Make) -> None:
    """Keys and shares are hidden until the box is ticked, and so long the filter does not look at them."""
    browser = page(report())
    key = browser.find_element("xpath", "//td[text()='k0-0']")
    browser.find_element("id", "filter").send_keys("k0-0")
    assert column(browser, "every-run", 0) == []
    browser.find_element("id", "all-columns").click()
    assert column(browser, "every-run", 0) == ["soba"]
    assert key.is_displayed()
    browser.find_element("id", "all-columns").click()
    assert column(browser, "every-run", 0) == []
    browser.find_element("id", "filter").clear()
    browser.find_element("id", "filter").send_keys(" ")
    assert len(column(browser, "every-run", 0)) == 7
    assert not key.is_displayed()


@pytest.mark.parametrize("width", [400, 1280])
def test_it_fits(page: Open, report: Make, drawings: dict[str, Drawing], width: int) -> None:
    """Nothing but what scrolls in its own frame is wider than the screen, hostile words included."""
    browser = page(hostile(report, drawings))
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    wide = browser.execute_script("""
        return Array.from(document.body.querySelectorAll("*"))
          .filter((one) => !one.parentElement.closest(".scroll, pre") && !one.matches(".skip"))
          .filter((one) => one.getBoundingClientRect().right > window.innerWidth + 0.5)
          .map((one) => one.outerHTML.slice(0, 200))""")
    assert wide == []
    assert browser.execute_script("return [window.innerWidth, document.documentElement.scrollWidth <= innerWidth]") == [
        width,
        True,
    ]


def hostile(report: Make, drawings: dict[str, Drawing]) -> Report:
    """A report whose every text tries to be more than text."""
    plain = report()
    runs = plain.runs.assign(label=plain.runs["label"] + HOSTILE, reason=HOSTILE)
    return report(
        question=HOSTILE,
        answer=HOSTILE,
        runs=runs,
        table=tables.summary(runs, True, "loss"),
        comparisons=plain.comparisons.assign(label=HOSTILE, other=HOSTILE),
        figures={name: Drawing(one.svg, HOSTILE, HOSTILE) for name, one in drawings.items()},
        settings=[type(plain.settings[0])(HOSTILE, "soba", HOSTILE, "chosen", HOSTILE)],
        text=HOSTILE,
        versions={HOSTILE: HOSTILE},
        notes=[HOSTILE],
        omissions=[HOSTILE],
    )


def test_hostile_text_is_shown_as_it_is(page: Open, report: Make, drawings: dict[str, Drawing]) -> None:
    """Tags of a label are read, not obeyed."""
    browser = page(hostile(report, drawings))
    assert browser.title == f"small: {HOSTILE}"
    assert browser.get_log("browser") == []
    assert browser.find_element("css selector", "h1").text == HOSTILE
    assert column(browser, "summary", 0)[0] == f"soba{HOSTILE}"
    assert browser.find_elements("css selector", "b") == []
    assert len(browser.find_elements("css selector", "script")) == 1


def test_ids_are_unique_and_references_lead_somewhere(page: Open, report: Make, drawings: dict[str, Drawing]) -> None:
    """Of the page and of all its figures, which matplotlib gives the same names."""
    browser = page(report(figures={**drawings, "again": drawings["progress"]}))
    ids = browser.execute_script("return Array.from(document.querySelectorAll('[id]'), (one) => one.id)")
    assert len(ids) == len(set(ids)) > 20
    used = re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", browser.page_source)
    assert len(used) > 20
    assert {first or second for first, second in used} <= set(ids)


def test_algorithms_are_picked_out_of_the_figures(page: Open, report: Make) -> None:
    """The others turn faint; with none picked, all are drawn alike again."""
    parts = "".join(f'<path id="series:{label}" d="M0 0h9"/>' for label in ("soba", "adbo", "soba"))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="72pt" viewBox="0 0 9 9">{parts}</svg>'
    browser = page(report(figures={"progress": Drawing(svg, "Progress")}))
    faint = "return Array.from(document.querySelectorAll('[data-series]'), (one) => one.matches('.faint'))"
    (soba, adbo) = browser.find_elements("css selector", ".series button")
    soba.click()
    assert browser.execute_script(faint) == [False, True, False]
    assert [button.get_attribute("aria-pressed") for button in (soba, adbo)] == ["true", "false"]
    adbo.click()
    assert browser.execute_script(faint) == [False, False, False]
    soba.click()
    assert browser.execute_script(faint) == [True, False, True]
    adbo.click()
    assert browser.execute_script(faint) == [False, False, False]


def test_the_scenario_can_be_copied(page: Open, report: Make) -> None:
    """To the last character, once it is unfolded."""
    browser = page(report())
    browser.execute_script("""window.copied = null;
        navigator.clipboard.writeText = async (text) => { window.copied = text; };""")
    browser.find_element("css selector", "#scenario summary").click()
    button = browser.find_element("css selector", ".copy")
    button.click()
    assert browser.execute_script("return window.copied") == 'question = "Who is first?"\nseeds = 2\n'
    assert button.text == "Copied"


def test_where_nothing_may_be_copied_the_scenario_is_selected(page: Open, report: Make) -> None:
    """For the reader to copy it by hand."""
    browser = page(report())
    browser.execute_script("navigator.clipboard.writeText = async () => { throw new Error('denied'); };")
    browser.find_element("css selector", "#scenario summary").click()
    button = browser.find_element("css selector", ".copy")
    button.click()
    assert button.text == "Selected"
    assert browser.execute_script("return getSelection().toString().trim()") == 'question = "Who is first?"\nseeds = 2'


def test_printing_unfolds_what_is_folded(page: Open, report: Make) -> None:
    """The scenario is in the printed page."""
    browser = page(report())
    browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.find_element("id", "scenario-text").is_displayed()


def test_dark_readers_get_dark_paper_and_white_figures(page: Open, report: Make, drawings: dict[str, Drawing]) -> None:
    """By what their system prefers; figures keep the paper that they were drawn for."""
    browser = page(report(figures=drawings))
    script = "return ['body', '.card'].map((one) => getComputedStyle(document.querySelector(one)).backgroundColor)"
    grounds = {}
    for mode in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": mode}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        grounds[mode] = browser.execute_script(script)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert grounds["light"] == ["rgb(247, 247, 245)", "rgb(255, 255, 255)"]
    assert grounds["dark"] == ["rgb(20, 23, 26)", "rgb(255, 255, 255)"]


def test_a_thousand_runs_are_sorted_and_filtered_at_once(page: Open, report: Make, runs: Callable[..., Any]) -> None:
    """Within two seconds of the browser's own clock, which is some ten times what it takes."""
    frame = runs([f"algorithm {k}" for k in range(20)], 50)
    browser = page(report(runs=frame))
    seconds = browser.execute_script("""
        const begin = performance.now();
        const buttons = Array.from(document.querySelectorAll("#every-run thead button"));
        buttons.find((button) => button.textContent === "seed").click();
        const filter = document.getElementById("filter");
        filter.value = "stalled"; filter.dispatchEvent(new Event("input"));
        document.body.getBoundingClientRect();
        return (performance.now() - begin) / 1000""")
    assert seconds < 2.0
    assert column(browser, "every-run", 0) == ["algorithm 19"]
    assert browser.find_element("id", "found").text == "1 of 1001 rows"
