"""One seed, any number of independent named random streams.

A stream's name is (purpose, ids): the delays of link (3, 4), the coins of agent 7. Its draws depend on the seed and
the name alone, so adding an agent, a link or an observer changes nobody else's draws.
"""

from hashlib import blake2b

import numpy as np


def stream(seed: int, purpose: str, *ids: int) -> np.random.Generator:
    """The generator of one name; the same arguments always give the same draws, on any machine and in any process."""
    name = f"{seed}/{purpose}/{','.join(map(str, ids))}"
    entropy = int.from_bytes(blake2b(name.encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
