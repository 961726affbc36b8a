"""Every fenced block of every page is executed, loaded or checked; one of no known kind fails.

The first word of a fence is its kind, the words after it are marks:

* ``python``: executed, the blocks of a page in order in one namespace and one folder. A mark that is a file's name
  writes the block there as well.
* ``toml``: a whole scenario, which is loaded. ``fragment``: tables that are laid over the page's scenario (or over
  ``one_slow_worker``), which must stay valid. ``other``: no scenario, only TOML. A file's name: written there.
* ``sh``, ``console``: commands, in ``console`` those after ``$``. Each ``bilevelsim`` command is run, and what the
  block shows under it is what it prints; ``KEY`` in a path stands for the first folder there. ``parsed``: too slow, or
  run elsewhere on the page, so only names and options are checked. ``refused``: ends with exit status 2. Of other
  programs what needs no running is checked: targets of make, extras of pip, files and modules of Python.
* ``output``: what the block before it printed; ``...`` stands for anything. ``mistake``: what it was refused with.
* ``json``, ``sql``: parsed. ``text``: words and drawings. ``{...}``: a directive of the site.
* A bare fence holds commands that are only parsed.

Blocks in ``ELSEWHERE`` are run by ``test_examples``, with what is special about them.
"""

import configparser
import contextlib
import doctest
import importlib.util
import io
import json
import re
import shlex
import sqlite3
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from markdown_it import MarkdownIt
from typer.main import get_command
from typer.testing import CliRunner

import scenarios
from scenarios import cli, names, overrides

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MADE = ("_build", "reference/algorithms", "reference/problems", "examples")
"""Folders whose pages are made from the code, and that of packages, which tests of their own install and run."""
ELSEWHERE = {
    "docs/tutorial/first_scenario.md": {"python", "output", "mistake"},
    "docs/guides/add_an_algorithm.md": {"python"},
    "docs/guides/a_problem_from_two_functions.md": {"python", "toml"},
    "docs/guides/timelines.md": {"python"},
    "docs/guides/your_own_package.md": {"python", "output"},
}
"""Page -> kinds of its blocks that ``test_examples`` runs."""
KINDS = ("python", "toml", "sh", "console", "", "output", "mistake", "json", "sql", "text")
SHELL = ("cd", "export", "mkdir", "cat", "ls", "git", "source", "echo", "ssh", "scp", "sbatch", "srun", "squeue")
"""Programs of which nothing is checked."""
ASSIGNMENT = re.compile(r"\w+=")
CHECKER = doctest.OutputChecker()


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    kind: str
    marks: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        return f"{self.page}, line {self.line}"

    @property
    def file(self) -> str | None:
        """The file that it is to be written to."""
        return next((mark for mark in self.marks if "." in mark), None)


def pages() -> list[Path]:
    """Every page that is written by hand, or by a program whose output is committed."""
    written = [path for path in DOCS.rglob("*.md") if not path.relative_to(DOCS).as_posix().startswith(MADE)]
    return sorted([*written, *ROOT.glob("*.md")])


def blocks(path: Path) -> list[Block]:
    """Its fenced blocks in order, wherever they stand."""
    page, found = path.relative_to(ROOT).as_posix(), []
    for token in MarkdownIt("commonmark").parse(path.read_text(encoding="utf-8")):
        if token.type == "fence" and token.map is not None:
            kind, *marks = token.info.split() or [""]
            found.append(Block(page, token.map[0] + 1, kind, tuple(marks), token.content))
    return found


BLOCKS = [block for path in pages() for block in blocks(path)]
PAGES = list(dict.fromkeys(block.page for block in BLOCKS))


def test_every_block_is_of_a_known_kind() -> None:
    """What a page may show, and how it is marked, stands at the top of this file."""
    unknown = [f"{block.place}: {block.kind!r}" for block in BLOCKS if block.kind not in KINDS and block.kind[0] != "{"]
    assert unknown == []


def test_no_block_is_overlooked() -> None:
    """As many fences as a plain search finds on the pages; those run elsewhere are there."""
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    assert len(re.findall(r"^ *```", text, re.MULTILINE)) == 2 * len(BLOCKS) > 40
    for page, kinds in ELSEWHERE.items():
        assert kinds <= {block.kind for block in BLOCKS if block.page == page}


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_are_true(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Executed, loaded or checked in order, in one folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)
    reader = Reader(page)
    for block in BLOCKS:
        if block.page == page:
            reader.read(block)
    for name in set(sys.modules) - known:  # of files that the page wrote
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize(
    ("kind", "marks", "text"),
    [
        ("python", (), "assert 1 == 2"),
        ("toml", (), 'question = "Is this a scenario?"'),
        ("toml", ("fragment",), "[network]\nlatency = 0.1"),
        ("sh", ("parsed",), "bilevelsim run demo --sedes 3"),
        ("sh", (), "bilevelsim show nobody"),
        ("console", (), "$ bilevelsim show ring\nStar: everybody is linked to one."),
        ("", (), "make coffee"),
        ("sh", (), "pip install 'bilevelsim[coffee]'"),
        ("sh", (), "python docs/coffee.py"),
        ("sh", (), "coffee --black"),
        ("output", (), "something"),
        ("sql", (), "SELECT FROM WHERE"),
    ],
)
def test_a_block_that_is_not_true_is_caught(
    kind: str, marks: tuple[str, ...], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its kind."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError):
        Reader("made up").read(Block("made up", 1, kind, marks, text + "\n"))


class Reader:
    """Somebody who does what a page says, block by block."""

    def __init__(self, page: str) -> None:
        self.namespace: dict[str, Any] = {"__name__": Path(page).stem}
        self.printed, self.refused = "", ""
        self.scenario = "one_slow_worker"

    def read(self, block: Block) -> None:
        if block.file is not None:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.text, encoding="utf-8")
        match block.kind:
            case kind if kind in ELSEWHERE.get(block.page, ()):
                pass
            case "python":
                self.python(block)
            case "toml":
                self.toml(block)
            case "sh" | "console" | "":
                self.commands(block)
            case "output":
                compare(block.text, self.printed, block)
            case "mistake":
                assert block.text.strip() in self.refused, block.place
            case "json":
                json.loads(block.text)
            case "sql":
                check_sql(block)

    def python(self, block: Block) -> None:
        """In the page's namespace; lines of the page stand in a traceback."""
        code = compile("\n" * block.line + block.text, block.page, "exec")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, self.namespace)
        self.printed = printed.getvalue()

    def toml(self, block: Block) -> None:
        """A whole scenario, a part of one, or something else."""
        document = tomllib.loads(block.text)
        if "other" in block.marks:
            return
        if "fragment" in block.marks:
            laid_over(self.scenario, document, block)
            return
        rule = f"{block.place}: no whole scenario; mark it `toml fragment` if it is a part, `toml other` if it is none"
        assert {"question", "problem", "network", "algorithms"} <= set(document), rule
        self.scenario = block.file or "scenario_of_the_page.toml"
        Path(self.scenario).write_text(block.text, encoding="utf-8")
        scenarios.load(self.scenario)

    def commands(self, block: Block) -> None:
        self.printed = self.refused = ""
        for command, shown in commands(block):
            for words in simple_commands(command):
                self.command(words, shown, block)

    def command(self, words: list[str], shown: str, block: Block) -> None:
        """Run it if it is ours and may run, else check what can be checked."""
        program, *arguments = words
        program = program.rpartition("/")[2]
        if program.startswith("python"):
            program, arguments = python_program(arguments, block)
        match program:
            case "bilevelsim":
                parse(arguments, block)
                if block.kind and "parsed" not in block.marks:
                    self.run(arguments, shown, block)
            case "make":
                makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
                targets = [word for word in arguments if "=" not in word]
                unknown = [word for word in targets if not re.search(rf"^{word}:", makefile, re.MULTILINE)]
                assert unknown == [], f"{block.place}: make has no target {unknown}"
            case "pip":
                check_extras(arguments, block)
            case _:
                assert program in SHELL, f"{block.place}: nothing is known of {program}; mark the block `text`"

    def run(self, arguments: list[str], shown: str, block: Block) -> None:
        """In this process; what it prints is what the page shows."""
        arguments = [first_key(argument) for argument in arguments]
        if arguments[0] == "run" and "--jobs" not in arguments:
            arguments += ["--jobs", "1"]
        outcome = CliRunner().invoke(cli.app, arguments)
        if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
            raise outcome.exception
        expected = 2 if "refused" in block.marks else 0
        assert outcome.exit_code == expected, f"{block.place}: {' '.join(arguments)}\n{outcome.output}"
        self.printed, self.refused = self.printed + outcome.stdout, self.refused + outcome.stderr
        if shown:
            compare(shown, outcome.stdout or outcome.stderr, block)


# --- commands of a block


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a block, lines that go on joined, with what the block shows under it."""
    text = block.text.replace("\\\n", " ")
    if block.kind == "console":
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown
    else:
        yield from ((line, "") for line in text.splitlines() if line.strip() and not line.startswith("#"))


def simple_commands(line: str) -> Iterator[list[str]]:
    """The commands of a line, cut at pipes and the like, without comments, assignments and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.commenters, lexer.whitespace_split = "#", True
    words: list[str] = []
    redirected = False
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;"):
            if words:
                yield words
            words = []
        elif set(word) <= set("<>"):
            redirected = True
        elif redirected:
            redirected = False
        elif words or not ASSIGNMENT.match(word):
            words.append(word)


def parse(arguments: list[str], block: Block) -> None:
    """Names of commands and options, and types of values, as the command itself reads them."""
    group = get_command(cli.app)
    name, *rest = arguments
    assert name in group.commands, f"{block.place}: bilevelsim has no command {name}"  # type: ignore[attr-defined]
    try:
        context = group.commands[name].make_context(name, rest, resilient_parsing=False)  # type: ignore[attr-defined]
    except click.exceptions.Exit:  # of --help
        return
    except Exception as refusal:
        raise AssertionError(f"{block.place}: bilevelsim {' '.join(arguments)}: {refusal}") from None
    overrides.parse(context.params.get("set_") or [])


def python_program(arguments: list[str], block: Block) -> tuple[str, list[str]]:
    """What Python is told to run: ``python -m scenarios`` is our command, ``python -m pip`` is pip."""
    if arguments[:1] == ["-m"]:
        module = arguments[1]
        assert importlib.util.find_spec(module) is not None, f"{block.place}: no module {module}"
        return {"scenarios": "bilevelsim", "pip": "pip"}.get(module, "echo"), arguments[2:]
    file = arguments[0]
    assert (ROOT / file).is_file() or Path(file).is_file(), f"{block.place}: no file {file}"
    return "echo", arguments


def check_extras(arguments: list[str], block: Block) -> None:
    """The extras that pip is to install are there."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg")
    extras = re.findall(r"(?:bilevelsim|\.)\[([\w,]+)\]", " ".join(arguments))
    for extra in ",".join(extras).split(",") if extras else []:
        assert extra in setup["options.extras_require"], f"{block.place}: there is no extra {extra}"


def first_key(argument: str) -> str:
    """A path with ``KEY`` in it leads to the first folder there."""
    place, key, rest = argument.partition("KEY")
    found = sorted(Path(place).iterdir()) if key and Path(place).is_dir() else []
    return f"{found[0]}{rest}" if found else argument


# --- other checks


def laid_over(name: str, document: dict[str, Any], block: Block) -> None:
    """The tables of a fragment, in place of those of a whole scenario, make a valid one."""
    path = Path(name) if Path(name).is_file() else names.scenario_path(name)
    whole = tomllib.loads(path.read_text(encoding="utf-8")) | document
    try:
        scenarios.load(path, whole)
    except scenarios.ScenarioError as mistakes:
        raise AssertionError(f"{block.place}, laid over {path.name}:\n{mistakes}") from None


def compare(shown: str, printed: str, block: Block) -> None:
    """Line by line, blanks at ends of lines aside; ``...`` stands for anything."""
    want, got = ("\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n" for text in (shown, printed))
    assert CHECKER.check_output(want, got, doctest.ELLIPSIS), f"{block.place} shows\n{want}\nand not\n{got}"


def check_sql(block: Block) -> None:
    """It can be read as SQL, whatever tables it asks for."""
    with contextlib.closing(sqlite3.connect(":memory:")) as data:
        try:
            data.execute(f"EXPLAIN {block.text}")
        except sqlite3.OperationalError as problem:
            assert "no such" in str(problem), f"{block.place}: {problem}"
