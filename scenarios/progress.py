"""Progress on standard error: a bar on a terminal that can draw one, a line a run elsewhere."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from scenarios.records import Record


class Bar:
    """Shows how many of ``total`` runs are done; use it as a context."""

    def __init__(self, total: int) -> None:
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
        self._task = self._bar.add_task("running", total=total)

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def advance(self, record: Record, done: int, total: int) -> None:
        """One more run is done."""
        text = f"{record.row['label']} seed {record.row['seed']}: {record.row['status']}"
        self._bar.update(self._task, completed=done, description=text)
        if not self._drawn:
            self._console.print(f"{done}/{total} {text}", highlight=False, markup=False, soft_wrap=True)
