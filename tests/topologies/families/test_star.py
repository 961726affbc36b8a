"""Star: N workers and a server."""

import numpy as np
import pytest

import topologies
from topologies import TopologyError


def test_server_is_the_last_agent_and_comes_on_top() -> None:
    """Workers 0 to N - 1 know the server only; the server is agent N and knows all."""
    star = topologies.build("star", 4, np.random.default_rng(0))
    assert (star.size, star.workers, star.server) == (5, 4, 4)
    assert star.edges == ((0, 4), (1, 4), (2, 4), (3, 4))
    assert star.neighbors(4) == (0, 1, 2, 3)


def test_workers_setting_can_say_how_many() -> None:
    """Without a number of agents the setting decides; with both, they agree."""
    alone = topologies.build("star", None, np.random.default_rng(0), workers=4)
    assert alone == topologies.build("star", 4, np.random.default_rng(0), workers=4)


def test_workers_must_agree_with_agents() -> None:
    """Two numbers that differ are refused with both."""
    with pytest.raises(TopologyError, match="star.workers is 5, but the scenario has 4 agents"):
        topologies.build("star", 4, np.random.default_rng(0), workers=5)


def test_some_number_is_needed() -> None:
    """Neither agents nor workers is refused."""
    with pytest.raises(TopologyError, match=r"star: give the number of agents, or star\.workers"):
        topologies.build("star", None, np.random.default_rng(0))
