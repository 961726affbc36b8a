"""The pages that are made from the code: nothing is lost on the way, and everything that has a name is on them."""

import dataclasses
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

import algorithms
import problems
from algorithms.pieces import compressors
from scenarios import cli, names, tables
from topologies import families, weights

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCSTRINGS = [
    *(f"algorithms.{path.stem}" for path in sorted((ROOT / "algorithms").glob("[a-z]*.py"))),
    *(f"problems.{path.stem}" for path in sorted((ROOT / "problems").glob("[a-z]*.py"))),
    *(f"topologies.families.{path.stem}" for path in sorted((ROOT / "topologies" / "families").glob("[a-z]*.py"))),
    "algorithms.pieces.compressors",
    "simulator.agent",
    "simulator.hooks",
    "simulator.world",
]
SAMPLE = """Gossip: agents *average*, z_i <- sum_j w_ij z_j.

Paper: A. Uthor, arXiv
2212.10048.

Agent i, with `rng`:

    z_i <- z_i - a d_i
      and so on

    z_i <- |z_i|

"one"  a line that hangs
       below itself
* not an item here

* an item that
  goes on
* another: w > 0
"""


@pytest.fixture(scope="module")
def pages() -> Iterator[Any]:
    """The extension, imported as Sphinx does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "reference"))
        patch.syspath_prepend(str(DOCS))
        import pages

        yield pages


@pytest.fixture(scope="module")
def module(pages: Any) -> Any:
    """A module of the extension by name."""
    return lambda name: sys.modules[f"pages.{name}"]


def words(markdown: str) -> str:
    """What a reader sees of a Markdown text, without blanks and without marks of code."""
    shown = []
    for token in MarkdownIt("commonmark").parse(markdown):
        if token.type in ("fence", "code_block"):
            shown.append(token.content)
        shown += [child.content for child in token.children or [] if child.type in ("text", "code_inline")]
    return "".join("".join(shown).replace("`", "").split())


def letters(docstring: str) -> str:
    """A docstring without blanks, without the marks of code, lists and headings."""
    text = re.sub(r"^(\* |\d+\. |-{3,}$)", "", docstring, flags=re.MULTILINE).replace("`", "").replace("::\n", ":\n")
    return "".join(text.split())


def test_a_docstring_keeps_its_words_and_what_is_aligned_keeps_its_columns(module: Any) -> None:
    """Paragraphs, formulas, what hangs, lists, in order; nothing of it is read as Markdown."""
    assert module("prose").markdown(SAMPLE).split("\n\n") == [
        "Gossip: agents \\*average\\*, z\\_i \\<- sum\\_j w\\_ij z\\_j.",
        "**Paper:** A. Uthor, [arXiv 2212.10048](https://arxiv.org/abs/2212.10048).",
        "Agent i, with `rng`:",
        "```text\nz_i <- z_i - a d_i\n  and so on",
        "z_i <- |z_i|\n```",
        '```text\n"one"  a line that hangs\n       below itself\n* not an item here\n```',
        "* an item that goes on\n* another: w \\> 0",
    ]


@pytest.mark.parametrize("name", DOCSTRINGS)
def test_no_docstring_loses_a_word(module: Any, name: str) -> None:
    """What a reader of the page sees is the docstring, letter by letter."""
    __import__(name)
    docstring = sys.modules[name].__doc__ or ""
    assert words(module("prose").markdown(docstring)) == letters(docstring)


def test_a_fence_is_longer_than_those_within(module: Any) -> None:
    """So that a block of Markdown within a docstring does not end it."""
    assert module("prose").literal("```\nx\n```").splitlines()[0] == "````text"


def test_a_bar_within_a_cell_ends_no_cell(module: Any) -> None:
    """And a column that is empty throughout is left out."""
    columns = module("columns")
    shown = columns.table(("a", "b", "c"), [(columns.code("x | y"), "", "1")])
    assert shown == "| a | c |\n| --- | --- |\n| `x \\| y` | 1 |"


@pytest.mark.parametrize("name", algorithms.names())
def test_every_algorithm_is_on_a_page_with_its_settings_needs_and_evidence(module: Any, name: str) -> None:
    """The page of its module names it, every setting with its default, and its target; the overview leads there."""
    published = module("published")
    own = published.module_of(name)
    page = module("algorithms").page(own)
    entry = algorithms.load(name)
    assert f"`{name}`" in page
    for field in dataclasses.fields(entry.settings):
        assert f"| `{field.name}" in page
    assert all(f"`{wait}`" in page for wait in entry.needs.waits)
    assert f"tests/algorithms/targets/{own}.toml" in page
    assert f"[`{name}`](algorithms/{own}.md)" in module("algorithms").overview()


def test_targets_are_those_of_the_contract_suite_with_the_remark_above(module: Any) -> None:
    """Also what a table leaves to the suite."""
    target = module("evidence").targets()["c_soba"]
    assert (target["point"], target["rounds"], target["floor"]) == ("optimum", 1000, 1e-4)
    assert target["remark"].startswith("Compression noise of agents that differ")
    assert module("evidence").targets()["cm_soba"]["remark"] == ""


def test_every_claim_of_a_paper_stands_on_the_page_of_one_algorithm(module: Any) -> None:
    """The arXiv number in the module's docstring leads to the paper; the link leads to a heading that is there."""
    evidence, published = module("evidence"), module("published")
    found = [claim for own in published.modules() for claim in evidence.claims(own)]
    assert sorted(map(str, found)) == sorted(map(str, evidence._claims()))
    page = (DOCS / "reference" / "papers.md").read_text(encoding="utf-8")
    assert all(f"\n### {claim.statement}\n" in page for claim in found)


def test_seconds_are_those_of_the_study(module: Any) -> None:
    """The rows of its first table, one a name."""
    conditions, seconds = module("evidence").study()
    assert conditions[0] == "no trouble"
    assert set(algorithms.names()) <= set(seconds)
    assert all(len(cells) == len(conditions) for name, cells in seconds.items())


def test_a_page_says_where_an_algorithm_runs(module: Any) -> None:
    """Scenarios of the catalogue and of its folders, variants included."""
    assert {"demo", "adbo_mnist"} <= set(module("evidence").scenarios_with("adbo"))
    assert "one_slow_worker" not in set(module("evidence").scenarios_with("adbo"))


@pytest.mark.parametrize("name", problems.names())
def test_every_problem_has_its_page(module: Any, name: str) -> None:
    """Every setting and every metric of its own."""
    page = module("problems").page(name)
    loaded = problems.load(name)
    for field in dataclasses.fields(loaded.Settings):
        assert f"| `{field.name}" in page
    for metric in loaded.build(loaded.Settings(), 4, 0).metrics:
        assert f"`{metric}`" in page
    assert f"(problems/{name}.md)" in module("problems").overview()


def test_whatever_has_a_name_is_on_the_pages(pages: Any) -> None:
    """Families, rules, compressors, scenarios and commands, those that will be added included."""
    for made, known in {
        "topologies": families.names(),
        "weights": weights.names(),
        "compressors": compressors.names(),
        "catalogue": names.scenario_names(),
        "commands": cli.COMMANDS,
    }.items():
        text = pages.made(made)
        assert [name for name in known if f"`{name}`" not in text] == []


def test_a_ring_mixes_as_its_spectrum_says(pages: Any) -> None:
    """16 agents: eigenvalues (1 + 2 cos(2 pi k / 16)) / 3, so the gap is 2 (1 - cos(pi / 8)) / 3."""
    assert "| `ring` | 16 | 0.051 | -0.333 | 0.025 |" in pages.made("mixing")


def test_options_are_those_of_the_command(pages: Any) -> None:
    """With the help text of each, and the words for exit statuses from the module."""
    assert "| `--seeds N` | Repetitions, in place of the file's." in pages.made("commands")
    assert "130 interrupted" in pages.made("exit statuses")


def test_functions_and_classes_are_shown_as_they_are_written(pages: Any) -> None:
    """Names, types and defaults from the source; fields with what stands under them."""
    assert "load(path: str | Path, changes: Mapping[str, Any] | None = None) -> Scenario" in pages.made(
        "described scenarios.load"
    )
    agent = pages.made("described simulator.agent.Agent")
    assert "* `send(to: int, tag: Any, /, **values: Any) -> Event`: Hand a message to the network" in agent
    assert "* `now`: Simulated time in seconds." in agent
    network = pages.made("described simulator.world.Network")
    assert "* `header: int = 40`: Bytes added to every message." in network


def test_every_column_of_the_tables_is_described() -> None:
    """Of runs, of history, and every way in which a run can end."""
    page = (DOCS / "reference" / "results.md").read_text(encoding="utf-8")
    runs, _, history = page.partition("## Columns of `history`")
    assert [column for column in tables.RUN_COLUMNS if f"\n| `{column}` |" not in runs] == []
    assert [column for column in tables.HISTORY_COLUMNS if f"`{column}`" not in history] == []
    assert [status for status in tables.STATUSES if f"\n| `{status}` |" not in page] == []


def test_pages_are_written_once_and_those_of_modules_that_are_gone_are_taken_away(pages: Any, tmp_path: Path) -> None:
    """A page whose text did not change is not touched, so that Sphinx does not read it again."""
    (tmp_path / "reference").mkdir()
    pages.write(tmp_path)
    page = tmp_path / "reference" / "algorithms" / "soba.md"
    before = page.stat().st_mtime_ns
    gone = page.with_name("gone.md")
    gone.write_text("# Gone")
    pages.write(tmp_path)
    assert page.stat().st_mtime_ns == before
    assert not gone.exists()


def test_links_to_a_module_lead_to_its_page_and_comments_are_replaced(pages: Any) -> None:
    """What is no page stays a link to the file."""
    text = "[SOBA](../../algorithms/soba.py) [needs](../../algorithms/needs.py)\n\n<!-- made: metrics -->\n"
    filled = pages.filled(text)
    assert filled.startswith(
        "[SOBA](/reference/algorithms/soba.md) [needs](../../algorithms/needs.py)\n\n| metric | meaning |"
    )
    assert "`hypergradient_norm`" in filled
