"""``bilevelsim list``."""

from collections.abc import Callable

import pytest

from scenarios import names


@pytest.mark.parametrize("kind", names.KINDS)
def test_every_kind_is_listed_a_name_a_line(kind: str, command: Callable[..., tuple[int, str, str]]) -> None:
    """The first word of a line is a name."""
    status, output, _ = command("list", kind)
    assert status == 0
    assert [line.split()[0] for line in output.splitlines()] == list(names.KINDS[kind].names())
