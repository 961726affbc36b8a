"""Documents back into TOML."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from scenarios.emit import toml_text

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
)
KEYS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_is_written_is_read_back(document: dict[str, object]) -> None:
    """For any document of tables, arrays and scalars, odd strings and keys among them."""
    assert tomllib.loads(toml_text(document)) == document


def test_a_scenario_looks_like_one(text: str) -> None:
    """Tables and arrays of tables have headings of their own."""
    written = toml_text(tomllib.loads(text))
    assert tomllib.loads(written) == tomllib.loads(text)
    assert "\n[stop]\n" in written
    assert written.count("[[algorithms]]") == 2
