"""``bilevelsim show``."""

from collections.abc import Callable

import pytest


@pytest.mark.parametrize("name", ["adbo", "quadratic", "ring", "top_k", "demo"])
def test_one_thing_of_each_kind_has_a_page(name: str, command: Callable[..., tuple[int, str, str]]) -> None:
    """More than a line, with status 0."""
    status, output, _ = command("show", name)
    assert status == 0
    assert len(output.splitlines()) > 5
