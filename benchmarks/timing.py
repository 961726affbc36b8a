"""Timing of alternatives: in turn, several times, the best of each, in CPU seconds."""

from collections.abc import Callable, Mapping


def best(alternatives: Mapping[str, Callable[[], float]], repetitions: int) -> dict[str, float]:
    """The least seconds of each alternative.

    Each call measures itself and returns CPU seconds. The alternatives take turns, so that a neighbour's load hits
    all of them alike; the best of several is what the code costs when it is left alone.
    """
    rounds = [{name: run() for name, run in alternatives.items()} for _ in range(repetitions)]
    return {name: min(seconds[name] for seconds in rounds) for name in alternatives}
