"""The pages that are made from the code: a Sphinx extension.

A file of ``algorithms`` and of ``problems`` gets a page of its own when the site is built, so that adding one edits no
page. In all other pages a comment ``<!-- made: NAME ... -->`` on a line of its own is replaced by what the code says. A
link to the file of an algorithm or a problem, which is what GitHub can show, leads to its page on the site.
"""

import re
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from pages import algorithms, catalogue, commands, compressors, interface, problems, topologies

MADE = {
    "algorithms": algorithms.overview,
    "oracles of algorithms": algorithms.oracles,
    "catalogue": catalogue.page,
    "problems": problems.overview,
    "metrics": problems.common_metrics,
    "topologies": topologies.page,
    "mixing": topologies.mixing,
    "weights": topologies.rules,
    "compressors": compressors.page,
    "commands": commands.page,
    "exit statuses": commands.exit_statuses,
}
"""What can stand in place of a comment; ``described NAME`` is a function or a class, ``docstring NAME`` a module."""

COMMENT = re.compile(r"^<!-- made: (.+?) -->$", re.MULTILINE)
SOURCE = re.compile(r"\]\((?:\.\./)+(algorithms|problems)/(\w+)\.py\)")
WRITTEN = {"reference/algorithms": algorithms, "reference/problems": problems}
"""Folder below ``docs`` -> what writes a page for each of its modules."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_lexer("mistake", TextLexer)
    app.connect("builder-inited", lambda app: write(Path(app.srcdir)))
    app.connect("env-get-outdated", _changed)
    app.connect("source-read", _read)
    return {"version": "1", "parallel_read_safe": True}


def write(docs: Path) -> None:
    """Write the pages of all modules, as far as they changed, and take away those of modules that are gone."""
    for folder, kind in WRITTEN.items():
        (docs / folder).mkdir(exist_ok=True)
        texts = {docs / folder / f"{name}.md": kind.page(name) for name in kind.modules()}
        for path in set((docs / folder).glob("*.md")) - set(texts):
            path.unlink()
        for path, text in texts.items():
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")


def filled(text: str) -> str:
    """A page with every comment replaced by what it asks for, and its links to sources by links to pages."""
    return SOURCE.sub(_linked, COMMENT.sub(lambda found: made(found[1]), text))


def made(name: str) -> str:
    """What the code says under that name."""
    kind, _, thing = name.partition(" ")
    if kind == "described":
        return interface.described(thing)
    if kind == "docstring":
        return interface.docstring(thing)
    return MADE[name]()


def _linked(found: re.Match[str]) -> str:
    folder, module = found[1], found[2]
    known = WRITTEN[f"reference/{folder}"].modules()  # type: ignore[attr-defined]
    return f"](/reference/{folder}/{module}.md)" if module in known else found[0]


def _changed(app: Sphinx, env: BuildEnvironment, *_: Any) -> list[str]:
    """Pages that the code has a part in are read again each time."""
    found = [name for name in env.found_docs if COMMENT.search(Path(env.doc2path(name)).read_text(encoding="utf-8"))]
    return sorted(found)


def _read(app: Sphinx, name: str, source: list[str]) -> None:
    source[0] = filled(source[0])
