"""Everything the simulator refuses, in one tree.

SimulationError
|- BadWorld          a world that cannot be simulated (also a ValueError)
|- ProgramError      an agent's program raised; carries agent, instant and the original error
|- OutsideCompute    an oracle was evaluated outside `agent.compute`
|- BadYield          a program yielded something else than the event of its last call
"""


class SimulationError(Exception):
    """Root of the simulator's own errors."""


class BadWorld(SimulationError, ValueError):
    """A world that cannot be simulated; the message names the value and the rule."""


class ProgramError(SimulationError):
    """A defect in an agent's program.

    The fields go positionally to the parent, so that the error survives pickling between processes.
    """

    def __init__(self, agent: str, now: float, cause: str):
        super().__init__(agent, now, cause)
        self.agent, self.now, self.cause = agent, now, cause

    def __str__(self) -> str:
        return f"the program of {self.agent} failed at {self.now:g} s: {self.cause}"


class OutsideCompute(SimulationError):
    """An oracle was evaluated outside `agent.compute`, so its cost would be lost."""


class BadYield(SimulationError):
    """A program must yield the event of each call before it makes the next one."""
