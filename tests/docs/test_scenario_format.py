"""The reference of scenario files is that of the present format; the guide to editors is true."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from scenarios import json_schema
from scenarios.schema import Document

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program, imported as Python does when it is run."""
    monkeypatch.syspath_prepend(str(DOCS / "reference"))
    import scenario_format

    return scenario_format


def test_the_page_is_up_to_date(program: Any) -> None:
    """If this fails: python docs/reference/scenario_format.py."""
    assert program.PAGE.read_text(encoding="utf-8") == program.page(json_schema.tables())


def test_every_key_is_on_the_page_and_every_link_leads_somewhere(program: Any) -> None:
    """Anchors are the headings in small letters with dashes."""
    page = program.PAGE.read_text(encoding="utf-8")
    headings = {
        line.removeprefix("## ").lower().replace(" ", "-") for line in page.splitlines() if line.startswith("## ")
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) <= headings
    for key in Document.model_fields:
        assert f"| `{key}` |" in page
    for path in re.findall(r"\]\((\.\.[^)]*)\)", page):
        assert (program.PAGE.parent / path).is_file()


def test_an_edited_format_changes_the_page(program: Any) -> None:
    """A further key is a further row, with its range, default and meaning."""
    schema = json_schema.tables()
    schema["properties"]["patience"] = {"type": "integer", "minimum": 3, "default": 7, "description": "how | long, s"}
    assert "| `patience` | whole number >= 3 | `7` | how \\| long, s |" in program.page(schema)


def test_the_guide_to_editors_is_true() -> None:
    """Its Python runs, its TOML is TOML, and its links lead somewhere."""
    guide = DOCS / "guides" / "editor.md"
    text = guide.read_text(encoding="utf-8")
    for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        assert tomllib.loads(block)
    for path in re.findall(r"\]\((\.\.[^)]*)\)", text):
        assert (guide.parent / path).is_file()
    pytest.importorskip("jsonschema")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(program, "editor.md", "exec"), {"__name__": "editor"})
