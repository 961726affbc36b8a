"""The Chrome trace event format: whole files, exact times, arrows right behind their marks."""

import gzip
import json
import math
from pathlib import Path

import pytest

from scenarios.trace_events import written


def events(path: Path) -> list[dict]:
    """The events of a file, metadata left out."""
    text = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    return [event for event in json.loads(text)["traceEvents"] if event["ph"] != "M"]


def test_an_event_of_each_kind_is_written_as_the_format_says(tmp_path: Path) -> None:
    """Members and values of each, in microseconds; what is true of the whole file stands at its end."""
    path = tmp_path / "t.json"
    with written(path) as out:
        out.process(1, "agents")
        track = out.track(1, 7, 'the "server"')
        out.slice(track, "step", 1.0, 1.5, {"round": 3})
        out.mark(track, "send", 1.5, starts=[1, 2])
        out.mark(track, "receive", 2.0, {"bytes": 9}, ends=[1])
        out.instant(track, "round 1", 2.0)
        out.span(track, "link", "0-1", 0.25, 3.0)
        out.counter(track, "loss", 3.0, 0.5)
        out.about["seed"] = 4
    read = json.loads(path.read_text())
    assert (read["displayTimeUnit"], read["otherData"]) == ("ms", {"seed": 4})
    place = {"pid": 1, "tid": 7}
    assert read["traceEvents"] == [
        {"ph": "M", "name": "process_name", "pid": 1, "tid": 1, "args": {"name": "agents"}},
        {"ph": "M", "name": "process_sort_index", "pid": 1, "tid": 1, "args": {"sort_index": 1}},
        {"ph": "M", "name": "thread_name", **place, "args": {"name": 'the "server"'}},
        {"ph": "M", "name": "thread_sort_index", **place, "args": {"sort_index": 7}},
        {"ph": "X", "name": "step", **place, "ts": 1e6, "dur": 5e5, "args": {"round": 3}},
        {"ph": "X", "name": "send", **place, "ts": 1.5e6, "dur": 0},
        {"ph": "s", "name": "message", **place, "ts": 1.5e6, "cat": "message", "id": 1},
        {"ph": "s", "name": "message", **place, "ts": 1.5e6, "cat": "message", "id": 2},
        {"ph": "X", "name": "receive", **place, "ts": 2e6, "dur": 0, "args": {"bytes": 9}},
        {"ph": "f", "name": "message", **place, "ts": 2e6, "cat": "message", "id": 1, "bp": "e"},
        {"ph": "i", "name": "round 1", **place, "ts": 2e6, "s": "t"},
        {"ph": "b", "name": "link", **place, "ts": 2.5e5, "cat": "span", "id2": {"local": "0-1"}},
        {"ph": "e", "name": "link", **place, "ts": 3e6, "cat": "span", "id2": {"local": "0-1"}},
        {"ph": "C", "name": "loss", **place, "ts": 3e6, "args": {"value": 0.5}},
    ]
    assert out.count == 14


def test_slices_that_touch_do_not_overlap(tmp_path: Path) -> None:
    """1000.6 ns and 2000.6 ns more are 3001.2 ns; rounded one by one, 1001 and 2001 would end after 3001."""
    path = tmp_path / "t.json"
    with written(path) as out:
        track = out.track(1, 1, "a")
        out.slice(track, "first", 1000.6e-9, 3001.2e-9)
        out.slice(track, "second", 3001.2e-9, 9000e-9)
    times = [(event["ts"], event["dur"]) for event in events(path)]
    assert times == [(1.001, 2.0), (3.001, 5.999)]


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 0.1, 123456.789012345, 3e7 + 1e-7])
def test_times_are_whole_nanoseconds_at_any_size(tmp_path: Path, seconds: float) -> None:
    """Three digits behind the point, the nearest nanosecond, also after a year of simulated time."""
    path = tmp_path / "t.json"
    with written(path) as out:
        out.instant(out.track(1, 1, "a"), "now", seconds)
    whole, _, digits = path.read_text().partition('"ts":')[2].partition(",")[0].partition(".")
    assert len(digits) == 3
    assert int(whole + digits) == round(seconds * 1e9)


def test_a_compressed_file_holds_the_same(tmp_path: Path) -> None:
    """The ending `.gz` decides; neither name nor time goes into the bytes, so they are the same again."""
    paths = [tmp_path / name for name in ("a.json", "b.json.gz", "c.json.gz")]
    for path in paths:
        with written(path) as out:
            track = out.track(1, 1, "worker µ")
            for k in range(1000):
                out.instant(track, f"round {k}", k / 7)
    plain, packed, again = (path.read_bytes() for path in paths)
    assert gzip.decompress(packed) == plain
    assert packed == again
    assert len(packed) < len(plain) / 5


@pytest.mark.parametrize("name", ["t.json", "t.json.gz"])
def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, name: str) -> None:
    """A block that raises leaves nothing, and what was there before; until the end of a block the name is free."""
    path = tmp_path / name
    with pytest.raises(KeyboardInterrupt), written(path) as out:
        out.instant(out.track(1, 1, "a"), "now", 1.0)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with written(path) as out:
        assert not path.exists()
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), written(path) as out:
        out.instant(out.track(1, 1, "a"), "now", 1 / 0)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_without_events_is_a_file(tmp_path: Path) -> None:
    """It parses, and holds an empty list."""
    path = tmp_path / "t.json"
    with written(path):
        pass
    assert json.loads(path.read_text()) == {"displayTimeUnit": "ms", "traceEvents": [], "otherData": {}}


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_what_json_cannot_hold_is_refused(tmp_path: Path, bad: float) -> None:
    """Neither as an instant nor as a value."""
    for write in (
        lambda out, track: out.instant(track, "x", bad),
        lambda out, track: out.counter(track, "x", 0.0, bad),
    ):
        with pytest.raises((ValueError, OverflowError)), written(tmp_path / "t.json") as out:
            write(out, out.track(1, 1, "a"))
    assert not (tmp_path / "t.json").exists()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """As the operating system says it."""
    with pytest.raises(FileNotFoundError), written(tmp_path / "nowhere" / "t.json"):
        pass
