"""The table ``[tune]`` of a scenario: how ``bilevelsim tune`` searches for each algorithm's settings.

::

    [tune]
    budget = 60                          # runs of each algorithm
    seeds = 2
    simulated_seconds = 40.0             # a tuning run ends here, where the scenario would let it go on
    [tune.ranges]
    step_x = [10.0, 1e5]                 # of every algorithm that has it; its other steps keep their declared ranges
    [tune.ranges."soba, first 9"]        # a label, or an algorithm's name: all that is searched for it
    step_x = [100.0, 1e5]
    step_y = [0.1, 10.0]
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Discriminator, Field, Tag

from scenarios.settings import STRICT

LONGEST_SEARCH = 100_000
Ends = tuple[float, float]
"""The smallest and the largest value that is tried."""
Name = Annotated[str, Field(min_length=1)]
EndsOrTable = Annotated[
    Annotated[Ends, Tag("<list>")] | Annotated[dict[Name, Ends], Field(min_length=1), Tag("<table>")],
    Discriminator(lambda value: "<table>" if isinstance(value, Mapping) else "<list>"),
]


class Tune(BaseModel):
    """How settings are searched for: with which budget, on how many seeds, over which ranges."""

    model_config = STRICT

    budget: Annotated[int, Field(ge=1, le=LONGEST_SEARCH)] = Field(default=40, description="runs of each algorithm")
    seeds: Annotated[int, Field(ge=1, le=1000)] = Field(default=2, description="tuning seeds, none of the scenario's")
    minimise: Name | None = Field(
        default=None, description="column of the table of runs to make small; by default the time to the target"
    )
    simulated_seconds: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="simulated time after which a tuning run ends, s; the scenario's where that is less"
    )
    rounds: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="rounds after which a tuning run ends; the scenario's where those are fewer"
    )
    ranges: dict[Name, EndsOrTable] = Field(
        default_factory=dict,
        description="[low, high] of a setting, for every algorithm that has it; or, under a label or an algorithm's "
        "name, a table of all that is searched for it",
    )
