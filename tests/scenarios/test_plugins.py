"""What installed packages bring: used like ours when it is sound, answered with a sentence when it is not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import algorithms
import problems
import scenarios
from algorithms.pieces import compressors
from scenarios import names, plugins, settings
from scenarios.errors import ScenarioError
from topologies import families

Call = Callable[..., tuple[int, str, str]]
Install = Callable[..., Path]

ALGORITHM = '''"""Mine: SOBA under another name."""
from algorithms.soba import NEEDS, Settings, server, worker
VARIANTS = {"mine_slowly": {"step_x": 0.01}}
'''
PROBLEM = '"""Ours: the quadratic again."""\nfrom problems.quadratic import Settings, build, memory_bytes\n'
FAMILY = '"""Loop: the ring again."""\nfrom topologies.families.ring import Settings, build\n'
COMPRESSOR = '''
from dataclasses import dataclass
from typing import Annotated, Literal
import numpy as np
from annotated_types import Ge
from typing_extensions import Doc
from algorithms.pieces.bits import Encoded
from algorithms.pieces.compressors import Unbiased

@dataclass(frozen=True)
class Single(Unbiased):
    """Single: every number in single precision, some of them twice."""

    name: Literal["single"] = "single"
    copies: Annotated[int, Ge(1), Doc("how often each is sent")] = 1

    def encode(self, vector, rng):
        return Encoded(self.copies * vector.astype(np.float32).tobytes(), self.nbits(vector.size, vector.dtype))

    def decode(self, encoded, size, dtype):
        return np.frombuffer(encoded.data, np.float32, size).astype(dtype)

    def nbits(self, size, dtype):
        return 32 * self.copies * size

    def omega(self, size):
        return 2.0**-46
'''
SCENARIO = """\
question = "Does what others wrote run like ours?"
stop = { rounds = 3 }
problem = { name = "theirs", dim_x = 3, dim_y = 2 }
network = { topology = { name = "loop", agents = 4 } }
compute = { seconds_per_step = 0.1 }

[[algorithms]]
name = "dsoba"

[[algorithms]]
name = "mine_slowly"
topology = { name = "star" }

[[algorithms]]
name = "c_soba"
topology = { name = "star" }
settings = { compressor = { name = "single", copies = 2 } }
"""


@pytest.fixture(autouse=True)
def _compressors_anew() -> Iterator[None]:
    """What a compressor's setting may be is found out once a process."""
    settings.model.cache_clear()
    yield
    settings.model.cache_clear()


@pytest.fixture
def four(install: Install) -> None:
    """A package with a sound thing of each kind."""
    sources = {"mine": ALGORITHM, "theirs": PROBLEM, "loop": FAMILY, "single": COMPRESSOR}
    announced = {
        algorithms.GROUP: {"mine": "mine"},
        problems.GROUP: {"theirs": "theirs"},
        families.GROUP: {"loop": "loop"},
        compressors.GROUP: {"single": "single:Single"},
    }
    install("four-things", sources, announced)


@pytest.mark.usefixtures("four")
def test_a_package_may_bring_one_of_each_kind(written: Callable[..., Path]) -> None:
    """A scenario uses all four by their names; nothing is wrong with any of them."""
    assert all(plugins.unusable(kind) == {} for kind in names.KINDS)
    scenario = scenarios.load(written(SCENARIO))
    result = scenarios.run(scenario)
    assert [*result.runs["status"]] == ["finished"] * 3
    single = scenario.entries[2].settings.compressor
    assert (type(single).__name__, single.copies) == ("Single", 2)
    # Three answers of each of four workers, p + 2q numbers as two single ones each, and a header of 40 bytes.
    assert result.runs["bits_up"].iloc[2] >= 3 * 4 * (7 * 2 * 32 + 8 * 40)


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("name", "kind", "summary"),
    [
        ("mine", "algorithms", "Mine: SOBA under another name"),
        ("mine_slowly", "algorithms", "Mine: SOBA under another name"),
        ("theirs", "problems", "Ours: the quadratic again"),
        ("loop", "topologies", "Loop: the ring again."),
        ("single", "compressors", "Single: every number in single precision, some of them twice"),
    ],
)
def test_all_of_them_are_listed_and_shown(name: str, kind: str, summary: str, command: Call) -> None:
    """Like ours."""
    assert names.summaries(kind)[name] == summary
    status, page, _ = command("show", name)
    assert status == 0
    assert page.startswith(summary)
    assert "single" in command("show", "c_soba")[1]


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ('"singel"', 'compressor.name = "singel": is not a known name; the nearest is "single".'),
        ('"single", copies = 0', "compressor.copies = 0: must be greater than or equal to 1."),
        ('"single", copy = 2', 'compressor.copy = 2: is not a key here; the nearest is "copies".'),
    ],
)
def test_mistakes_in_their_settings_are_told_as_in_ours(
    given: str, answer: str, command: Call, written: Callable[..., Path]
) -> None:
    """File, key, value, rule and the nearest name."""
    path = written(SCENARIO.replace('"single", copies = 2', given))
    status, output, mistakes = command("check", str(path))
    assert (status, output) == (2, "")
    assert mistakes == f"{path}: algorithms.2.settings.{answer}\n"


def edited(source: str, old: str, new: str) -> str:
    """The source with one change."""
    assert old in source
    return source.replace(old, new)


FAULTS = [
    (
        "algorithms",
        "import nowhere_at_all",
        "which fails to load with ModuleNotFoundError: No module named 'nowhere_at_all'",
    ),
    ("algorithms", "def f(:", "which fails to load with SyntaxError: invalid syntax (bad.py, line 1)"),
    ("algorithms", "raise SystemExit(3)", "which fails to load with SystemExit: 3"),
    ("algorithms", "", "which lacks Settings, NEEDS, program"),
    ("algorithms", edited(ALGORITHM, ", worker", ""), "which lacks worker"),
    ("algorithms", ALGORITHM + "Settings = dict\n", "which has Settings that are no frozen dataclass"),
    ("algorithms", ALGORITHM + "NEEDS = 3\n", "which has needs that are no algorithms.needs.Needs: 3"),
    (
        "algorithms",
        ALGORITHM + "def worker(agent, options): yield\n",
        "which has a worker that cannot be called as worker(agent, settings)",
    ),
    (
        "algorithms",
        edited(ALGORITHM, "step_x", "step"),
        "which fails with its own settings: TypeError: Settings.__init__() got an unexpected keyword argument 'step'",
    ),
    (
        "problems",
        "import nowhere_at_all",
        "which fails to load with ModuleNotFoundError: No module named 'nowhere_at_all'",
    ),
    ("problems", edited(PROBLEM, ", memory_bytes", ""), "which lacks memory_bytes"),
    ("problems", PROBLEM + "Settings = 3\n", "which has Settings that are no frozen dataclass"),
    (
        "problems",
        PROBLEM + "def build(settings): ...\n",
        "which has a build that cannot be called as build(settings, agents, seed)",
    ),
    (
        "problems",
        PROBLEM + "def memory_bytes(): ...\n",
        "which has a memory_bytes that cannot be called as memory_bytes(settings, agents)",
    ),
    ("topologies", "1 / 0", "which fails to load with ZeroDivisionError: division by zero"),
    ("topologies", edited(FAMILY, ", build", ""), "which lacks build"),
    ("topologies", FAMILY + "build = 3\n", "which has a build that cannot be called as build(settings, agents, rng)"),
    (
        "topologies",
        FAMILY + "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass Settings:\n    size: 'Nothing' = 1\n",
        "which has settings that no table can give: NameError: name 'Nothing' is not defined",
    ),
]
"""Kind, source of a module, and what is wrong with it."""


@pytest.mark.parametrize(("kind", "source", "reason"), FAULTS)
def test_what_is_wrong_with_a_module_is_told_in_one_sentence(
    kind: str, source: str, reason: str, install: Install
) -> None:
    """With the package, the entry point and the fault; nothing else of its kind suffers."""
    ours, group = names.usable(kind), plugins.GROUPS[kind].name
    install("bad-package", {"bad": source}, {group: {"bad": "bad"}})
    expected = f'cannot be used: bad-package 1.0 announces "bad = bad" under {group}, {reason}'
    assert plugins.unusable(kind)["bad"] == expected
    assert names.usable(kind) == ours
    with pytest.raises(ScenarioError) as caught:
        names.find("bad")
    assert str(caught.value) == f'show: NAME = "bad": {expected}.'
    ((mistake,), listed) = names.check(kind, "bad", "f", "k"), names.summaries(kind)
    assert mistake.rule == listed["bad"] == expected
    assert set(listed) == {*ours, *plugins.unusable(kind)}


def test_a_folder_that_hides_a_module_is_named(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of the same name in the working directory is a package for Python, if an empty one."""
    (tmp_path / "project" / "mine").mkdir(parents=True)
    install("four-things", {}, {algorithms.GROUP: {"mine": "mine"}})
    monkeypatch.syspath_prepend(tmp_path / "project")
    reason = plugins.unusable("algorithms")["mine"]
    assert reason.endswith(f"which the folder {tmp_path / 'project' / 'mine'} hides; start from another folder")


BAD_COMPRESSORS = [
    ("Single = 3\n", "which is no class derived from Unbiased or Biased"),
    ("del Single.omega, Single.nbits\nimport abc\nabc.update_abstractmethods(Single)\n", "which lacks nbits, omega"),
    (
        "@dataclass(frozen=True)\nclass Single(Single):\n    name: str = 'other'\n",
        'which lacks a field name: Literal["single"] = "single"',
    ),
    ("import dataclasses\nSingle.__dataclass_params__.frozen = False\n", "which is no frozen dataclass"),
    (
        "@dataclass(frozen=True)\nclass Single(Single):\n    extra: 'Nothing' = 1\n",
        "which has settings that no table can give: NameError: name 'Nothing' is not defined",
    ),
]


@pytest.mark.parametrize(("addition", "reason"), BAD_COMPRESSORS)
def test_what_is_wrong_with_a_compressor_is_told_where_it_is_asked_for(
    addition: str, reason: str, install: Install, command: Call, written: Callable[..., Path]
) -> None:
    """And the others of the choice can be had all the same."""
    install("bad-package", {"single": COMPRESSOR + addition}, {compressors.GROUP: {"single": "single:Single"}})
    text = SCENARIO.replace("theirs", "quadratic").replace("loop", "ring").replace("mine_slowly", "ma_soba")
    path = written(text)
    status, output, mistakes = command("check", str(path))
    assert (status, output) == (2, "")
    told = f'cannot be used: bad-package 1.0 announces "single = single:Single" under {compressors.GROUP}, {reason}'
    assert mistakes == f'{path}: algorithms.2.settings.compressor.name = "single": {told}.\n'
    assert command("check", str(written(text.replace('"single", copies = 2', '"sign"'))))[0] == 2  # biased
    assert command("check", str(written(text.replace('"single", copies = 2', '"qsgd"'))))[0] == 0


def test_a_module_that_is_broken_does_not_keep_others_from_being_listed(install: Install, command: Call) -> None:
    """It stands in the list with what is wrong, and whoever asks for it gets the sentence and status 2."""
    install("bad-package", {"bad": "import nowhere_at_all"}, {plugins.GROUPS["algorithms"].name: {"bad": "bad"}})
    status, output, _ = command("list", "algorithms")
    assert status == 0
    assert [line.split()[0] for line in output.splitlines()] == sorted([*algorithms.names(), "bad"])
    assert "bad-package 1.0 announces" in next(line for line in output.splitlines() if line.startswith("bad "))
    status, output, mistakes = command("show", "bad")
    assert (status, output, mistakes.count("\n")) == (2, "", 1)
    assert "Traceback" not in mistakes


@pytest.mark.parametrize(
    ("kind", "name", "source", "point", "other"),
    [
        ("algorithms", "soba", ALGORITHM, "mine", "algorithms.soba"),
        ("algorithms", "ma_soba", edited(ALGORITHM, "mine_slowly", "ma_soba"), "mine", "algorithms.soba"),
        ("problems", "quadratic", PROBLEM, "mine", "problems.quadratic"),
        ("topologies", "ring", FAMILY, "mine", "topologies.families.ring"),
        ("compressors", "qsgd", COMPRESSOR.replace('"single"', '"qsgd"'), "mine:Single", "Qsgd"),
    ],
)
def test_a_name_that_ours_has_is_refused_until_one_gives_way(
    kind: str, name: str, source: str, point: str, other: str, install: Install
) -> None:
    """Neither is taken in silence."""
    announced = {"mine" if name == "ma_soba" else name: point}
    install("same-name", {"mine": source}, {plugins.GROUPS[kind].name: announced})
    ((mistake,),) = (names.check(kind, name, "f", "k"),)
    assert f"but {name} is also the name of {other}; one of the two has to be renamed or uninstalled" in mistake.rule
    assert name not in names.usable(kind)


def test_of_two_packages_with_one_name_both_are_named(install: Install) -> None:
    """The sentence has the second's package and the first's module."""
    install("a-package", {"first": ALGORITHM}, {algorithms.GROUP: {"mine": "first"}})
    install("b-package", {"second": ALGORITHM}, {algorithms.GROUP: {"mine": "second"}})
    (reason,) = {*plugins.unusable("algorithms").values()}
    assert {"first", "second"} <= {word.strip('";') for word in reason.split()}


def test_a_compressor_with_the_name_of_ours_takes_nobodys_place(
    install: Install, command: Call, written: Callable[..., Path]
) -> None:
    """A scenario that says qsgd could mean either."""
    install(
        "same-name", {"mine": COMPRESSOR.replace('"single"', '"qsgd"')}, {compressors.GROUP: {"qsgd": "mine:Single"}}
    )
    assert compressors.load("qsgd") is compressors.Qsgd
    text = SCENARIO.replace("theirs", "quadratic").replace("loop", "ring").replace("mine_slowly", "ma_soba")
    status, _, mistakes = command("check", str(written(text.replace('"single", copies = 2', '"qsgd"'))))
    assert status == 2
    assert "same-name 1.0 announces" in mistakes
