"""The metric that the figures of a comparison show."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """What was measured, in which unit, and which value counts as done."""

    name: str
    """Column of the history, and of the runs, which hold its final value."""
    unit: str = "1"
    target: float | None = None
    """Value that counts as done; drawn as a line."""

    @property
    def label(self) -> str:
        """Axis label with the unit, if there is one."""
        words = self.name.replace("_", " ")
        return words if self.unit in ("", "1") else f"{words} [{self.unit}]"
