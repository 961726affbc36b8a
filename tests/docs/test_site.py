"""The site builds without a single warning, and every link on a page leads somewhere, there and on GitHub."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import algorithms
import problems

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if not path.is_relative_to(DOCS / "_build")]
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, made from a copy of the pages, so that nothing is written beside them."""
    home = tmp_path_factory.mktemp("home")
    for path in ROOT.iterdir():
        if path.name not in ("docs", ".git"):
            (home / path.name).symlink_to(path)
    shutil.copytree(DOCS, home / "docs", ignore=shutil.ignore_patterns("_build", "__pycache__"))
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", "built"]
    environment = {**os.environ, "PYTHONPATH": str(home)}
    outcome = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return home / "built"


def test_the_site_builds_without_a_warning_and_has_a_page_for_every_module(built: Path) -> None:
    """Each algorithm module and each problem; no comment that asks for something is left."""
    modules = {algorithms.load(name).module.__name__.rpartition(".")[2] for name in algorithms.names()}
    for kind, names in {"algorithms": modules, "problems": problems.names()}.items():
        assert {path.stem for path in (built / "reference" / kind).glob("*.html")} == set(names)
    assert not [page for page in built.rglob("*.html") if "made: " in page.read_text(encoding="utf-8")]


def test_every_page_can_be_reached(built: Path) -> None:
    """Whatever is in a folder is in the navigation, pages that were added later included."""
    index = (built / "index.html").read_text(encoding="utf-8")
    pages = [path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")]
    missing = [
        page
        for page in pages
        if page != "index.html" and not page.startswith(("_build", "examples/")) and f'href="{page}"' not in index
    ]
    assert missing == []


@pytest.mark.parametrize("page", [*PAGES, *ROOT.glob("*.md")], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_lead_to_files(page: Path) -> None:
    """As GitHub shows them: from the folder of the page to a file of the repository."""
    targets = [link.partition("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8"))]
    relative = [target for target in targets if target and "://" not in target]
    assert [target for target in relative if not (page.parent / target).exists()] == []
