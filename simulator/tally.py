"""The meter between an agent's problem and its clock: which oracles a step evaluated, and what they cost."""

from simulator.errors import OutsideCompute


class Tally:
    """Charges of the running `compute`: the problem's view adds to it, the agent takes them and lets the time pass.

    It is closed between steps, so an oracle evaluated outside `compute` is an error instead of a free lunch.
    """

    __slots__ = ("charges", "open")

    def __init__(self) -> None:
        self.open = False
        self.charges: list[tuple[str, float]] = []

    def charge(self, name: str, operations: float) -> None:
        """Record one evaluation of the oracle `name`, costing `operations` floating-point operations."""
        if not self.open:
            raise OutsideCompute(f"oracle {name} was evaluated outside agent.compute")
        self.charges.append((name, operations))
