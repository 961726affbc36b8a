"""Which workers take part in a round: federated methods draw some of them."""

from simulator.agent import Agent


def participants(agent: Agent, count: int | None) -> tuple[int, ...]:
    """So many workers, drawn by the server from its own stream, ascending; None or too many = all."""
    workers = agent.neighbors
    if count is None or count >= len(workers):
        return workers
    drawn = agent.rng.choice(workers, count, replace=False)
    return tuple(sorted(int(i) for i in drawn))
