"""Are the packages that Python finds under our names ours?

Their names are everyday words: a folder ``algorithms`` in the working directory can hide ours.
"""

from importlib.util import find_spec
from pathlib import Path

NAMES = ("algorithms", "problems", "simulator", "topologies")


def shadows() -> list[str]:
    """A sentence for each of our packages that another one hides."""
    home = Path(__file__).resolve().parent.parent
    return [sentence for name in NAMES if (sentence := _shadow(name, home))]


def _shadow(name: str, home: Path) -> str | None:
    spec = find_spec(name)
    places = [] if spec is None else [*(spec.submodule_search_locations or []), *([spec.origin] if spec.origin else [])]
    if any(home in Path(place).resolve().parents for place in places):
        return None
    if not places:
        return f"bilevelsim: its package {name} is missing from {home}; install it again."
    return (
        f"bilevelsim: {places[0]} hides the package {name} of bilevelsim in {home / name}; "
        "rename yours, or start from another folder."
    )
