"""A small report that tests change, and one browser that opens pages."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pytest

from scenarios import figures, tables
from scenarios.report import Drawing, Report

LABELS = ("soba", "adbo", "sldbo")
SEEDS = 2
CHROMIUM, DRIVER = "chromium", "chromedriver"


@dataclass(frozen=True)
class Origin:
    """Where settings come from, as a plan of a comparison has it."""

    label: str
    algorithm: str
    settings: str
    settings_are: str | None
    note: str | None


def frame_of(labels: Sequence[str] = LABELS, seeds: int = SEEDS) -> pd.DataFrame:
    """The k-th algorithm takes 950 s times (k + 1)^3 with seed 0, and seeds add a second each; the last one stalls."""
    rows = []
    for place, label in enumerate(labels):
        for seed in range(seeds):
            time = 950.0 * (place + 1) ** 3 + seed
            stalled = label == labels[-1] and seed == seeds - 1
            row: dict[str, Any] = {"scenario": "small", "algorithm": "soba", "label": label, "seed": seed}
            row |= {"status": "stalled" if stalled else "reached", "simulated_s": time, "rounds": 100 * (place + 1)}
            row |= {"reason": "agent 3 waits for agent 5" if stalled else "the target was reached"}
            row |= {} if stalled else {"target_s": time, "target_rounds": 100}
            row |= {"computing_share": 0.5, "waiting_share": 0.4, "down_share": 0.1, "bits_sent": 12345 * (place + 1)}
            row |= {"host_s": 3.25, "fingerprint": f"f{place}-{seed}", "key": f"k{place}-{seed}", "loss": 0.25}
            rows.append(row)
    rows.append({"scenario": "small", "algorithm": "dsoba", "label": "dsoba", "status": "not_applicable"})
    return tables.runs_frame(rows, ["loss", "staleness"])


def history(runs: pd.DataFrame) -> pd.DataFrame:
    """Five points of each run."""
    rows = [
        {"label": run["label"], "seed": run["seed"], "round": 20 * k, "simulated_s": run["simulated_s"] * k / 5}
        | {"bits_sent": 100 * k, "oracle_calls": 9 * k, "loss": 0.5**k}
        for _, run in runs.dropna(subset="seed").iterrows()
        for k in range(5)
    ]
    return tables.history_frame(rows, ["loss"])


def comparisons() -> pd.DataFrame:
    """Told apart, not told apart, one pair, no pair."""
    rows = [
        ("soba", "adbo", 2, -6650.0, -7000.0, -6300.0),
        ("soba", "sldbo", 2, -20.0, -50.0, 10.0),
        ("adbo", "sldbo", 1, -3.0, None, None),
        ("soba", "dsoba", 0, None, None, None),
    ]
    frame = pd.DataFrame(rows, columns=["label", "other", "pairs", "mean", "low", "high"])
    frame.insert(2, "quantity", "target_s")
    frame["confidence"] = 0.95
    return frame.astype({"label": "string", "other": "string", "quantity": "string", "pairs": "Int64"})


def small() -> Report:
    """Three algorithms and one that cannot be run, two seeds, no figures."""
    frame = frame_of()
    return Report(
        scenario="small",
        question="Who is first?",
        answer="soba reaches the target first, after 950 s (median): 6650 s before adbo (95 % interval 6300 to 7000 s)",
        table=tables.summary(frame, True, "loss"),
        counted="2 seeds; medians, with the range over seeds",
        runs=frame,
        comparisons=comparisons(),
        figures={},
        settings=[
            Origin("soba", "soba", "step_x = 0.1", "tuned", "the best of a grid"),
            Origin("adbo", "adbo", "", None, None),
        ],
        text='question = "Who is first?"\nseeds = 2\n',
        versions={"bilevelsim": "0.1.0", "numpy": "2.1"},
        metrics=("loss",),
        colours={"soba": "#0072B2"},
        notes=["sldbo: stalled, seed 1: agent 3 waits for agent 5"],
        omissions=["The timeline: there is none without a journal."],
    )


@pytest.fixture
def report() -> Callable[..., Report]:
    """The small report, with changes."""
    return lambda **changes: replace(small(), **changes)


@pytest.fixture
def runs() -> Callable[..., pd.DataFrame]:
    """A table of runs for given labels and seeds."""
    return frame_of


@pytest.fixture(scope="session")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Drawing]:
    """The package's own figures of the small report."""
    folder, frame = tmp_path_factory.mktemp("figures"), frame_of()
    drawn = figures.draw(frame, history(frame), figures.Metric("loss", "1", 0.3))
    figures.save(drawn, folder)
    texts = {name: (folder / f"{name}.svg").read_text(encoding="utf-8") for name in drawn}
    return {name: Drawing(text, f"The {name}", "Over seeds.") for name, text in texts.items()}


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium with an empty profile, which logs its console and its requests."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium, to drive a browser")
    chromium, driver = shutil.which(CHROMIUM), shutil.which(DRIVER)
    if chromium is None or driver is None:
        pytest.skip(f"needs {CHROMIUM} and {DRIVER} on the path")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    yield running
    running.quit()
