"""Skeletons of packages that bring an algorithm or a problem of somebody's own: they work, and are there to be changed.

A template's ``NAME`` stands for the name, and one that begins with ``test_`` goes into the folder ``tests``.
"""

import importlib.util
import keyword
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import algorithms
import problems
from scenarios import names
from scenarios.errors import Mistake, ScenarioError

TEMPLATES = Path(__file__).parent / "templates"
GROUPS = {"algorithm": algorithms.GROUP, "problem": problems.GROUP}
"""What there are skeletons of, and under which entry point group it is found."""
REQUIREMENTS = {"algorithm": "bilevelsim", "problem": "bilevelsim[jax]"}
NAME = re.compile(r"[a-z]([a-z0-9_]*[a-z0-9])?", re.ASCII)
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # code, not HTML
)


def write(kind: str, name: str, folder: Path, form: str | None = None) -> list[Path]:
    """Write the package of a problem, or of an algorithm over a ``graph`` (its form, the default) or with a ``server``.

    Gives the files. Raises ``ScenarioError`` with every reason why it cannot be written there under that name.
    """
    if found := [*_bad_kind(kind, form)] or [*_bad_name(kind, name), *_bad_folder(folder)]:
        raise ScenarioError(found)
    folder.mkdir(parents=True, exist_ok=True)
    own = f"{form or 'graph'}_algorithm" if kind == "algorithm" else kind
    templates = sorted([*(TEMPLATES / "package").iterdir(), *(TEMPLATES / own).iterdir()], key=lambda path: path.name)
    words = {
        "name": name,
        "kind": kind,
        "title": name.replace("_", " ").capitalize(),
        "distribution": name.replace("_", "-"),
        "group": GROUPS[kind],
        "requirement": REQUIREMENTS[kind],
    }
    written = []
    for template in templates:
        file = template.name.removesuffix(".j2").replace("NAME", name)
        path = folder / "tests" / file if file.startswith("test_") else folder / file
        path.parent.mkdir(exist_ok=True)
        source = template.relative_to(TEMPLATES).as_posix()
        path.write_text(ENVIRONMENT.get_template(source).render(words), encoding="utf-8")
        written.append(path)
    return written


def _bad_kind(kind: str, form: str | None) -> Iterator[Mistake]:
    if kind not in GROUPS:
        yield Mistake("new", "KIND", kind, f"must be one of {', '.join(GROUPS)}")
    elif kind != "algorithm" and form is not None:
        yield Mistake("new", f"--{form}", kind, "must be an algorithm: nothing else runs on a server or over a graph")


def _bad_name(kind: str, name: str) -> Iterator[Mistake]:
    key = f"{kind} NAME"
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        rule = "must be the name of a Python module: small letters, digits and underscores, such as my_method"
        yield Mistake("new", key, name, rule)
    elif taken := [found.singular for word, found in names.KINDS.items() if name in names.summaries(word)]:
        yield Mistake("new", key, name, f"is taken: bilevelsim has {_article(taken[0])} of that name")
    elif (spec := importlib.util.find_spec(name)) is not None and spec.origin is not None:
        yield Mistake("new", key, name, f"is taken: Python has a module of that name in {spec.origin}")


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _bad_folder(folder: Path) -> Iterator[Mistake]:
    if folder.is_dir() and any(folder.iterdir()):
        yield Mistake("--out", "DIR", str(folder), "is a folder that is not empty; name another, or remove it first")
    elif folder.exists() and not folder.is_dir():
        yield Mistake("--out", "DIR", str(folder), "is a file; name a folder")
