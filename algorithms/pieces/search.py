"""What a search for good settings moves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Searched:
    """Note in the `Annotated` type of a setting: a search moves it with the steps, though its name is not a step's.

    It belongs where no choice of the steps alone can be good, since the setting's scale is tied to theirs.
    """
