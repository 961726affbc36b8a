"""``bilevelsim explain``: from a run's folder to a table and a picture."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("undrawn")

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(command: Call, written: Callable[..., Path]) -> str:
    """The folder of a run of the server method, in which one worker of four is ten times slower."""
    command("run", str(written()), "--jobs", "1", "--seeds", "1", "--set", "target.below=1e-9")
    folders = {
        json.loads(path.read_text())["row"]["label"]: path.parent for path in Path("results").rglob("record.json")
    }
    return str(folders["soba"])


def test_a_run_is_explained_by_a_table_and_a_picture(command: Call, run: str) -> None:
    """Shares by kind, then with agents and keys; PNG and SVG beside the other figures."""
    status, output, mistakes = command("explain", run)
    assert (status, mistakes) == (0, "")
    lines = output.splitlines()
    assert lines[0].startswith("soba, seed 0: the end of the run at ")
    assert lines[2].split() == ["what", "seconds", "share", "times"]
    assert lines[3].startswith("slowed down  ")
    assert any(line.split()[:5] == ["slowed", "down", "worker", "3", "stragglers.0"] for line in lines), output
    key = Path(run).name
    assert sorted(path.name for path in Path("results/small/figures").glob("explain*")) == [
        f"explain-{key}.png",
        f"explain-{key}.svg",
    ]
    assert f"explain-{key}.png" in lines[-1]


def test_a_round_and_a_file_can_be_named(command: Call, run: str) -> None:
    """Up to round 2, into one file of one's own."""
    status, output, _ = command("explain", run, "--round", "2", "--out", "why.svg")
    assert status == 0
    assert output.startswith("soba, seed 0: round 2 at ")
    assert output.endswith("\nwhy.svg\n")
    assert Path("why.svg").read_text().startswith("<?xml")
    assert not list(Path("results/small/figures").glob("explain*"))


def test_long_tables_end_with_the_rest(command: Call, written: Callable[..., Path]) -> None:
    """Twenty rows, then how many more there are and what they amount to."""
    changes = ["target.below=1e-9", 'network.topology={name = "ring", agents = 12}', "stop.rounds=40", "stragglers=[]"]
    changes += ['compute.seconds_per_step={distribution = "lognormal", median = 0.1, sigma = 1.0}']
    command("run", str(written()), "--jobs", "1", "--seeds", "1", *(part for one in changes for part in ("--set", one)))
    record = next(path for path in Path("results").rglob("record.json") if '"label": "dsoba"' in path.read_text())
    _, output, _ = command("explain", str(record.parent))
    rest = next(line for line in output.splitlines() if line.startswith("... and "))
    assert rest.endswith(" % together")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "nowhere: is no run"),
        (["{run}", "--round", "99"], "--round: K = 99: must be a round that the run completed"),
        (["{run}", "--out", "why.pdf"], '--out: FILE = "why.pdf": must end with .png or .svg.'),
        (["{run}", "--out", "no/folder/why.png"], "no/folder/why.png: No such file or directory."),
    ],
)
def test_what_cannot_be_explained_is_told_in_a_sentence(
    arguments: list[str], sentence: str, command: Call, run: str
) -> None:
    """With status 2 and nothing on standard output."""
    status, output, mistakes = command("explain", *(argument.replace("{run}", run) for argument in arguments))
    assert (status, output) == (2, "")
    assert mistakes.startswith(sentence)
    assert mistakes.count("\n") == 1


def test_a_run_that_other_code_made_is_refused(command: Call, run: str) -> None:
    """Its fingerprint is not the one that comes out now."""
    path = Path(run) / "record.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"row": record["row"] | {"fingerprint": "another"}}))
    status, _, mistakes = command("explain", run)
    assert status == 2
    assert "does not come out again" in mistakes


def test_a_run_that_a_defect_ended_is_refused(command: Call, run: str) -> None:
    """There is no time to explain."""
    path = Path(run) / "record.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"row": record["row"] | {"status": "failed", "fingerprint": None}}))
    status, _, mistakes = command("explain", run)
    assert status == 2
    assert "was ended by a defect" in mistakes
