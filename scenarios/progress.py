"""Progress on standard error: a bar on a terminal that can draw one, a line a run elsewhere."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bar:
    """Shows how many runs are done; use it as a context."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._drawn = self._console.is_terminal and not self._console.is_dumb_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._drawn,
        )
        self._task = self._bar.add_task("running", total=None)

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def begin(self, kept: int, total: int) -> None:
        """So many runs of so many are there already."""
        self._bar.update(self._task, completed=kept, total=total)
        if kept and not self._drawn:
            self._say(f"{kept} of {total} runs are there already")

    def advance(self, row: Mapping[str, Any], done: int, total: int) -> None:
        """One more run is done."""
        text = f"{row['label']} seed {row['seed']}: {row['status']}"
        self._bar.update(self._task, completed=done, description=text)
        if not self._drawn:
            self._say(f"{done}/{total} {text}")

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
