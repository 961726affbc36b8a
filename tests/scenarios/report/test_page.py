"""The page as text: the same for the same report, closed to the network, with nothing that is not escaped."""

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from scenarios import tables
from scenarios.report import Drawing, Report, html
from scenarios.report import page as module

Make = Callable[..., Report]
HOSTILE = "</title><script>alert('a')</script><img src=x onerror=alert(1)> \"'&amp; {{ 7 * 7 }} 🐢 " + "w" * 300
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"><g id="series:soba"/></svg>'


class Reader(HTMLParser):
    """What a page holds: tags with their attributes, and all its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def count(self, tag: str) -> int:
        """How many elements of one kind there are."""
        return sum(found == tag for found, _ in self.tags)


def test_the_same_report_gives_the_same_page(report: Make) -> None:
    """To the last byte, with nothing of the host: neither its seconds nor a date."""
    page = html(report())
    assert page == html(report())
    assert "3.25" not in page and "host" not in page
    assert not re.search(r"20\d\d-\d\d", page)


def test_the_page_may_load_nothing_and_run_only_its_own_script(report: Make) -> None:
    """Its policy names the hash of the one script; nothing refers to another place."""
    page = html(report(figures={"progress": Drawing(SVG, "Progress")}))
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none';")
    assert f"script-src 'sha256-{digest}'" in policy
    references = {value for _, attributes in Reader(page).tags for name, value in attributes.items() if
                  name in ("src", "href", "action", "data", "srcset")}  # fmt: skip
    assert {str(value)[0:5] for value in references} <= {"data:", *(str(v)[0:5] for v in references if v[0] == "#")}
    assert "@import" not in page and "url(" not in page.replace("url(#", "")


def test_hostile_text_is_text(report: Make) -> None:
    """Wherever a scenario or a run can put it; the page has the tags that it has without."""
    plain = report(figures={"progress": Drawing(SVG, "Progress")})
    runs = plain.runs.assign(label=HOSTILE, reason=HOSTILE, **{HOSTILE: 1.0})
    hostile = report(
        scenario=HOSTILE,
        question=HOSTILE,
        answer=HOSTILE,
        counted=HOSTILE,
        runs=runs,
        table=tables.summary(runs, True, HOSTILE),
        comparisons=plain.comparisons.assign(label=HOSTILE, other=HOSTILE, quantity=HOSTILE),
        figures={HOSTILE: Drawing(SVG.replace("soba", "&lt;script&gt;"), HOSTILE, HOSTILE)},
        settings=[type(plain.settings[0])(HOSTILE, HOSTILE, HOSTILE, "tuned", HOSTILE)],
        text=HOSTILE,
        versions={HOSTILE: HOSTILE},
        metrics=(HOSTILE,),
        colours={HOSTILE: "#000000"},
        notes=[HOSTILE],
        omissions=[HOSTILE],
    )
    page = Reader(html(hostile))
    assert page.count("script") == 1 and page.count("img") == 0
    assert sum(HOSTILE in text for text in page.texts) >= 15
    assert not any("onerror" in attributes for _, attributes in page.tags)


def test_every_part_is_there(report: Make) -> None:
    """Question, answer with its interval set apart, tables, notes, provenance, scenario, versions, and no more."""
    page = Reader(html(report()))
    text = "".join(page.texts)
    for words in (
        "Who is first?",
        "soba reaches the target first, after 950 s (median): 6650 s before adbo (95 % interval 6300 to 7000 s).",
        "2 seeds; medians, with the range over seeds",
        "sldbo: stalled, seed 1: agent 3 waits for agent 5",
        "The timeline: there is none without a journal.",
        "hold together with 95 % confidence",
        "tuned: found by a search, for this algorithm on its ownthe best of a grid",
        "not said: the scenario does not say",
        'question = "Who is first?"\nseeds = 2\n',
        "bilevelsim run scenario.toml",
        "numpy2.1",
        "7 runs",
        "5 reached",
        "1 stalled",
        "1 not applicable",
    ):
        assert words in text
    assert "Pick out" not in text


def test_what_is_not_there_has_no_section(report: Make) -> None:
    """A report of nothing is a page with the question and the way to run it."""
    empty = report(
        table=pd.DataFrame(),
        runs=tables.runs_frame([]),
        comparisons=report().comparisons.iloc[:0],
        settings=[],
        text="",
        versions={},
        notes=[],
        omissions=[],
    )
    page = Reader(html(empty))
    ids = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert ids == ["results", "scenario"]
    assert "No run has come to an end yet." in "".join(page.texts)


def test_figures_stand_in_their_order(report: Make) -> None:
    """The first one wide, whatever its size; readers can pick out the algorithms that figures tell of."""
    figures = {"progress": Drawing(SVG, "First", "Over time."), "shares": Drawing(SVG, "Second")}
    page = Reader(html(report(figures=figures)))
    assert [attributes.get("class") for tag, attributes in page.tags if tag == "figure"] == ["wide", None]
    labels = [attributes["aria-label"] for tag, attributes in page.tags if attributes.get("role") == "img"]
    assert labels == ["First", "Second"]
    assert [attributes["value"] for tag, attributes in page.tags if "value" in attributes] == ["soba"]


def test_the_table_for_people_knows_its_numbers(report: Make) -> None:
    """Labels and statuses are words; numbers come with their ranges and bars."""
    table = module.main_table(report())
    kinds = {column.title: (column.kind, column.numeric) for column in table.columns}
    assert kinds["algorithm"] == ("label", False) and kinds["status"] == ("status", False)
    assert kinds["time to target [s]"][1] and kinds["target reached"][1] and kinds["idle share"][1]
    times = [row[list(kinds).index("time to target [s]")] for row in table.rows]
    assert [cell.text for cell in times] == ["950", "7600", "25.6k", "-"]
    assert [cell.spread for cell in times] == ["(950 to 951)", "(7600 to 7601)", "", ""]
    assert times[0].share == pytest.approx(950 / 25600) and times[3].share is None


def test_labels_that_look_like_numbers_are_words(report: Make) -> None:
    """An algorithm called 10 is not ten; an axis of numbers is."""
    frame = pd.DataFrame({"slowdown": ["1", "10"], "algorithm": ["10", "2"], "rounds": ["5", "6"]})
    table = module.main_table(report(table=frame, axes=("slowdown",)))
    assert [column.numeric for column in table.columns] == [True, False, True]
    assert table.rows[1][0].share is None and table.rows[1][2].share == 1.0


def test_the_table_of_runs_leaves_out_what_is_empty_or_of_the_host(report: Make) -> None:
    """Label, axes, seed and status first; what few ask for comes on demand, under the words of the other tables."""
    runs = report().runs
    runs.insert(4, "stragglers.0.slowdown", 10.0)
    table = module.runs_table(report(runs=runs, axes=("stragglers.0.slowdown",)))
    at_once = [column.title for column in table.columns if not column.on_demand]
    assert at_once == ["label", "stragglers.0.slowdown", "seed", "status", "reason", "rounds", "simulated time [s]",
                       "time to target [s]", "bits sent", "loss"]  # fmt: skip
    names = [column.name for column in table.columns]
    assert not {"scenario", "host_s", "staleness", "messages_lost"} & set(names)
    assert {"key", "fingerprint", "waiting_share", "algorithm"} <= set(names)
    seeds = [row[2].text for row in table.rows]
    assert seeds == ["0", "1", "0", "1", "0", "1", "-"]


def colours(mode: str) -> dict[str, tuple[float, ...]]:
    """The colours of a mode of the style sheet."""
    style = (Path(module.__file__).parent / "page.css").read_text(encoding="utf-8")
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    block = light if mode == "light" else dark.split("}")[0]
    found = re.findall(r"--(\w+): #([0-9a-f]{6});", block)
    return {name: tuple(int(value[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, value in found}


def luminance(colour: tuple[float, ...]) -> float:
    """As WCAG 2 defines it."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "card", "wash"])
@pytest.mark.parametrize("ink", ["ink", "soft", "accent", "good", "warn", "bad", "none"])
def test_text_stands_out_from_its_ground(mode: str, ground: str, ink: str) -> None:
    """A contrast of 4.5 at least, as WCAG 2 AA asks for."""
    found = colours(mode)
    low, high = sorted((luminance(found[ground]), luminance(found[ink])))
    assert (high + 0.05) / (low + 0.05) >= 4.5
