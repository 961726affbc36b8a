"""``bilevelsim schema``."""

import json
from collections.abc import Callable

from scenarios import json_schema


def test_the_schema_is_printed_as_it_is(command: Callable[..., tuple[int, str, str]]) -> None:
    """JSON and nothing else, with status 0."""
    status, output, mistakes = command("schema")
    assert (status, mistakes) == (0, "")
    assert json.loads(output) == json_schema.build()
    assert output == json_schema.text()
