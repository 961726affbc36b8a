"""The arithmetic of a `mix`: the weighted sum of what an agent and its neighbours put in, packed as one vector each."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from simulator.message import DROPPED, Message

MIX = "mix"
"""First part of the tags of all exchanges by `mix`, so that they never meet a program's own tags."""

Arrays = tuple[np.ndarray, ...]
Scratch = dict[tuple[np.dtype, int], np.ndarray]
"""(type, length) -> room for one product. All agents of a run share it: a large product in fresh memory costs several
times its arithmetic, and one buffer an agent would fill the memory.
"""


@dataclass(slots=True)
class Mixing:
    """A `mix` under way: what this agent put in."""

    round: int
    slot: str
    tag: Hashable
    arrays: Arrays
    own: np.ndarray
    """The arrays packed as one vector."""


class Averager:
    """One agent's sum_j w_ij z_j, own term first, then in ascending order of the neighbours j."""

    __slots__ = ("_dtype", "_first", "_room", "_scratch", "_size", "_terms", "_weights")

    def __init__(self, own_id: int, neighbors: tuple[int, ...], weights: Mapping[int, float], scratch: Scratch):
        self._weights = [(j, weights[j]) for j in (own_id, *neighbors)]
        self._scratch = scratch
        self._size = -1
        self._dtype: np.dtype | None = None

    def mean(self, mixing: Mixing, messages: Mapping[int, Message]) -> Arrays:
        """The sum in the shapes that were put in; the weight of a neighbour whose message is missing, or a notice,
        goes to the agent itself.
        """
        own = mixing.own
        if own.size != self._size or own.dtype is not self._dtype:
            self._prepare(own)
        room = self._room
        total = own * self._first
        for j, weight in self._terms:
            message = messages.get(j)
            theirs = own if message is None or message.payload is DROPPED else message.payload["mixed"]
            total += np.multiply(theirs, weight, room)
        return unpack(total, mixing.arrays)

    def _prepare(self, own: np.ndarray) -> None:
        """Weights as arrays of the vectors' type, since NumPy converts a Python number anew at each product."""
        self._size, self._dtype = own.size, own.dtype
        real = own.dtype.kind == "f"
        (_, self._first), *self._terms = [
            (j, np.array(weight, own.dtype) if real else weight) for j, weight in self._weights
        ]
        self._room = self._scratch.setdefault((own.dtype, own.size), np.empty_like(own)) if real else None


def pack(arrays: Arrays) -> np.ndarray:
    """One flat vector of all arrays: one message and one weighted sum instead of many. A single array is not copied;
    it becomes read-only, like everything that is sent.
    """
    if len(arrays) > 1:
        return np.concatenate([array if array.ndim == 1 else array.reshape(-1) for array in arrays])
    array = arrays[0]
    if array.ndim == 1:
        return array
    if isinstance(array, np.ndarray):
        array.setflags(write=False)
    return array.reshape(-1)


def unpack(flat: np.ndarray, like: Arrays) -> Arrays:
    """Cut a packed vector into arrays of the shapes of `like`."""
    parts, start = [], 0
    for array in like:
        end = start + array.size
        part = flat[start:end]
        parts.append(part if array.ndim == 1 else part.reshape(array.shape))
        start = end
    return tuple(parts)
