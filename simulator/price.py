"""What a step costs at full speed: the charges of its oracles turned into seconds."""

from collections.abc import Callable, Sequence

import numpy as np

from simulator.delays import Constant, Draws
from simulator.errors import BadWorld
from simulator.world import Compute

Charges = Sequence[tuple[str, float]]


class Price:
    """One agent's price of a step. A step that evaluates no oracle costs nothing, not even the overhead."""

    def __init__(self, compute: Compute, agent: int, stream: Callable[[str], np.random.Generator]):
        self._overhead = compute.overhead
        self._per_oracle = compute.seconds_per_oracle
        self._speed = _speed(compute, agent)
        law = compute.seconds_per_step
        self._step = None if law is None else Draws(law, None if isinstance(law, Constant) else stream("step"))

    def seconds(self, charges: Charges) -> float:
        """Nominal seconds of a step with these charges."""
        if not charges:
            return 0.0
        if self._step is not None:
            return self._overhead + self._step.next()
        if self._per_oracle is not None:
            known = self._per_oracle
            return self._overhead + sum(known.get(name, 0.0) for name, _ in charges)
        return self._overhead + sum(operations for _, operations in charges) / self._speed


def _speed(compute: Compute, agent: int) -> float:
    speed = compute.speed
    if speed is None:
        return float("inf")
    value = float(speed) if isinstance(speed, int | float) else float(speed[agent])
    if not value > 0.0:
        raise BadWorld(f"compute.speed of agent {agent} is {value!r}; it must be above 0")
    return value
