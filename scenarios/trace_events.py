"""The Chrome trace event format, which ui.perfetto.dev opens: a file of events, written as they come.

A viewer drops without a word what it cannot place, so the rules are kept here:

* Times are microseconds, and viewers keep whole nanoseconds. Instants are rounded to those first, and a duration is
  the difference of two rounded instants: slices that touch do not overlap.
* An arrow is drawn from the end of the slice where it starts to the start of the slice where it ends, and both are
  the slices seen last on their tracks. So a message starts and ends in a mark of its own: a slice without duration,
  right before the ends of its arrows in the file.
* Processes and threads are numbered from 1, since 0 stands for none.

Sources: "Trace Event Format" (Duca and Sinclair, 2016); perfetto.dev/docs, "Visualizing external trace formats", and
the importer of Perfetto, which sorts by time, longer slices first, else in order of the file.
"""

import gzip
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from json import JSONEncoder
from pathlib import Path
from typing import Any, TextIO

ENDINGS = (".json", ".json.gz")
"""What the name of a file must end with."""

Track = str
"""Where an event is drawn, as it stands in the file: numbers of process and thread."""
Args = Mapping[str, Any]
"""What a viewer shows of an event that is clicked on."""

NO_ARGS: Args = {}

_json = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_name = lru_cache(4096)(_json)


class Events:
    """Writes events to a text file; all times are seconds."""

    def __init__(self, file: TextIO) -> None:
        self._write = file.write
        self._before = '{"displayTimeUnit":"ms","traceEvents":[\n'
        """What stands before the next event."""
        self.count = 0
        """Events written so far."""
        self.about: dict[str, Any] = {}
        """What is true of the whole file; written at its end."""

    def process(self, process: int, name: str) -> None:
        """Name a process; a viewer shows processes in the order of their numbers."""
        track = _track(process, process)
        self._put("M", "process_name", track, f',"args":{{"name":{_name(name)}}}')
        self._put("M", "process_sort_index", track, f',"args":{{"sort_index":{process}}}')

    def track(self, process: int, thread: int, name: str) -> Track:
        """Name a thread of a process; a viewer shows threads in the order of their numbers, which differ in all."""
        track = _track(process, thread)
        self._put("M", "thread_name", track, f',"args":{{"name":{_name(name)}}}')
        self._put("M", "thread_sort_index", track, f',"args":{{"sort_index":{thread}}}')
        return track

    def slice(self, track: Track, name: str, start: float, end: float, args: Args = NO_ARGS) -> None:
        """An interval on a track; two on one track must nest or be apart."""
        duration = _microseconds(_nanoseconds(end) - _nanoseconds(start))
        self._put("X", name, _place(track, start), f',"dur":{duration}{_shown(args)}')

    def mark(
        self,
        track: Track,
        name: str,
        at: float,
        args: Args = NO_ARGS,
        starts: Iterable[int] = (),
        ends: Iterable[int] = (),
    ) -> None:
        """A slice without duration, in which these arrows (each has a number of its own) start and end."""
        place = _place(track, at)
        self._put("X", name, place, f',"dur":0{_shown(args)}')
        for arrow in starts:
            self._put("s", "message", place, f',"cat":"message","id":{arrow}')
        for arrow in ends:
            self._put("f", "message", place, f',"cat":"message","id":{arrow},"bp":"e"')

    def instant(self, track: Track, name: str, at: float, args: Args = NO_ARGS) -> None:
        """An instant on a track."""
        self._put("i", name, _place(track, at), f',"s":"t"{_shown(args)}')

    def span(self, track: Track, name: str, identity: str, start: float, end: float) -> None:
        """An interval of a process that may overlap others; those of one identity may not."""
        members = f',"cat":"span","id2":{{"local":{_name(identity)}}}'
        self._put("b", name, _place(track, start), members)
        self._put("e", name, _place(track, end), members)

    def counter(self, track: Track, name: str, at: float, value: float) -> None:
        """A value that a process has from this instant on."""
        self._put("C", name, _place(track, at), f',"args":{{"value":{_json(value)}}}')

    def close(self) -> None:
        """Complete the text of the file."""
        self._write(f'{"" if self.count else self._before}\n],"otherData":{_json(self.about)}}}\n')

    def _put(self, phase: str, name: str, place: str, members: str) -> None:
        self._write(f'{self._before}{{"ph":"{phase}","name":{_name(name)},{place}{members}}}')
        self._before = ",\n"
        self.count += 1


@contextmanager
def written(path: Path) -> Iterator[Events]:
    """Events that go to a file as they come, compressed if its name ends with `.gz`.

    The file is there, whole, after the block; if the block raises, what was there before stays.
    """
    unfinished = path.with_name(f".{path.name}-{os.getpid()}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            with _text(file, path.name.endswith(".gz")) as text:
                events = Events(text)
                yield events
                events.close()
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _text(file: io.BufferedWriter, compressed: bool) -> Iterator[TextIO]:
    """A text layer that leaves the file open; compressed or not, the same text gives the same bytes."""
    packed = gzip.GzipFile("", "wb", 6, file, 0) if compressed else file  # neither name nor time goes into it
    text = io.TextIOWrapper(packed, encoding="utf-8", newline="\n")
    try:
        yield text
    finally:
        text.detach()
        if compressed:
            packed.close()


def _track(process: int, thread: int) -> Track:
    return f'"pid":{process},"tid":{thread}'


def _place(track: Track, at: float) -> str:
    return f'{track},"ts":{_microseconds(_nanoseconds(at))}'


def _shown(args: Args) -> str:
    return f',"args":{_json(args)}' if args else ""


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _microseconds(nanoseconds: int) -> str:
    """Exactly, whatever the size.

    >>> _microseconds(1234567)
    '1234.567'
    """
    return f"{nanoseconds // 1000}.{nanoseconds % 1000:03d}"
