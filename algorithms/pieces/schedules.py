"""Step sizes that shrink with the rounds."""


def decayed(step: float, round_: int, power: float, scale: float) -> float:
    """step * (1 + k/scale)^(-power) with k = round_ - 1 = 0, 1, ...; power 0 is a constant step."""
    return step * (1.0 + (round_ - 1) / scale) ** -power
