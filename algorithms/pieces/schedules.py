"""Step sizes that shrink with the rounds."""

from typing import Annotated

from annotated_types import Ge, Gt
from typing_extensions import Doc

DecayPower = Annotated[float, Ge(0), Doc("steps are multiplied by (1 + (k-1)/decay_rounds)^-decay_power, 1")]
"""Type of the setting `decay_power`."""
DecayRounds = Annotated[float, Gt(0), Doc("rounds after which the decay sets in, rounds")]
"""Type of the setting `decay_rounds`."""


def decayed(step: float, round_: int, power: float, scale: float) -> float:
    """step * (1 + k/scale)^(-power) with k = round_ - 1 = 0, 1, ...; power 0 is a constant step."""
    return step * (1.0 + (round_ - 1) / scale) ** -power
