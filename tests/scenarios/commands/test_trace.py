"""``bilevelsim trace``: from a stored run to a file."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import scenarios
from scenarios import perfetto, reruns

pytestmark = pytest.mark.usefixtures("undrawn")

Call = Callable[..., tuple[int, str, str]]

SCENARIO = """\
question = "A server or a ring?"

[stop]
simulated_seconds = 2.0

[problem]
name = "quadratic"

[network]
topology = { name = "ring", agents = 3 }
latency_s = 0.05

[compute]
seconds_per_step = 0.1

[[algorithms]]
name = "soba"
topology = { name = "star" }

[[algorithms]]
name = "dsoba"
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of two stored runs, by their algorithms."""
    place = tmp_path_factory.mktemp("stored")
    (place / "small.toml").write_text(SCENARIO)
    runs = scenarios.run(scenarios.load(place / "small.toml"), out=place / "results").runs
    return {row["algorithm"]: place / "results" / "runs" / row["key"] for _, row in runs.iterrows()}


def read(path: Path) -> dict:
    """What a file holds."""
    content = path.read_bytes()
    found: dict = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    return found


def test_a_stored_run_becomes_a_timeline(command: Call, stored: dict[str, Path]) -> None:
    """In the run's folder, with the server named and the fingerprint that the table has; again, the same bytes."""
    folder = stored["soba"]
    status, out, err = command("trace", str(folder))
    assert (status, err) == (0, "")
    timeline = read(folder / "timeline.json")
    events = f"{len(timeline['traceEvents']):,} events"
    place = "open it at https://ui.perfetto.dev"
    assert out == f"{folder}/timeline.json: {events}, 2 s of simulated time; {place}\n"
    assert timeline["otherData"]["run"] == f"soba, seed 0 (run {folder.name})"
    row = pd.read_csv(folder.parent.parent / "runs.csv").set_index("key").loc[folder.name]
    assert timeline["otherData"]["fingerprint"] == row["fingerprint"]
    names = [event["args"]["name"] for event in timeline["traceEvents"] if event["name"] == "thread_name"]
    assert "the server" in names
    assert command("trace", str(folder), "--out", "again.json.gz")[0] == 0
    assert gzip.decompress(Path("again.json.gz").read_bytes()) == (folder / "timeline.json").read_bytes()


def test_a_timeline_can_be_cut(command: Call, stored: dict[str, Path]) -> None:
    """Nothing is later than the instant that is given, and no fingerprint is compared."""
    status, out, err = command("trace", str(stored["dsoba"]), "--out", "t.json", "--until", "0.5")
    assert (status, err) == (0, "")
    assert "0.5 s of simulated time" in out
    timeline = read(Path("t.json"))
    assert max(event.get("ts", 0) + event.get("dur", 0) for event in timeline["traceEvents"]) == 500_000
    assert timeline["otherData"]["status"] == "cut"


def test_a_run_that_does_not_come_out_again_is_said(
    command: Call, stored: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, and the timeline of what came out."""
    monkeypatch.setattr(reruns.Rerun, "differs", lambda self, fingerprint: f"{len(fingerprint)} digits differ")
    status, out, err = command("trace", str(stored["dsoba"]), "--out", "t.json")
    assert (status, err) == (0, "64 digits differ\n")
    assert "events" in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--out", "t.txt"], '--out: FILE = "t.txt": must end in .json or .json.gz.'),
        (["--out", "t.json", "--until", "0"], "--until: S = 0.0: must be above 0."),
        (["--out", "t.json", "--until", "nan"], "--until: S = nan: must be above 0."),
        (["--out", "nowhere/t.json"], '--out: FILE = "nowhere/t.json": must lie in a folder that is there.'),
    ],
)
def test_what_cannot_be_written_is_refused(
    command: Call, stored: dict[str, Path], options: list[str], sentence: str
) -> None:
    """Exit status 2 and one sentence; nothing is left behind."""
    status, out, err = command("trace", str(stored["dsoba"]), *options)
    assert (status, out) == (2, "")
    assert err == f"{sentence}\n"
    assert list(Path().iterdir()) == []


def test_a_folder_that_holds_no_run_is_refused(command: Call) -> None:
    """Exit status 2."""
    status, out, err = command("trace", "results/runs/0123")
    assert (status, out) == (2, "")
    assert "results/runs/0123" in err


def test_a_run_that_a_defect_ends_is_status_one(
    command: Call, stored: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence with the error, and no file."""

    class Broken(perfetto.Timeline):
        def sent(self, now, message):
            raise ValueError("a defect")

    monkeypatch.setattr(perfetto, "Timeline", Broken)
    status, out, err = command("trace", str(stored["dsoba"]), "--out", "t.json")
    assert (status, out) == (1, "")
    assert "a defect" in err
    assert list(Path().iterdir()) == []
