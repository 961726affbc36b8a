"""Algorithms are found by file name, variants by the module that declares them."""

from collections.abc import Callable
from pathlib import Path

import pytest

import algorithms


def test_names_are_the_modules_and_their_variants() -> None:
    """At least these are here, sorted; the shared parts are not algorithms."""
    names = algorithms.names()
    assert {"adbo", "sdbo", "soba", "ma_soba", "dsoba", "sldbo"} <= set(names)
    assert list(names) == sorted(names)
    assert not {"needs", "pieces", "__init__"} & set(names)


def test_variant_shares_its_module_and_has_a_preset() -> None:
    """sdbo is adbo with one setting."""
    entry = algorithms.load("sdbo")
    assert entry.module is algorithms.load("adbo").module
    assert dict(entry.preset) == {"synchronous": True}
    assert entry.settings(**entry.preset).synchronous
    assert entry.on_server
    assert not algorithms.load("dsoba").on_server


@pytest.mark.parametrize(("name", "near"), [("adb", "adbo"), ("SLDBO", "sldbo"), ("d-soba", "dsoba")])
def test_unknown_name_lists_the_known_and_the_nearest(name: str, near: str) -> None:
    """The error names the value, every choice and the likeliest one."""
    with pytest.raises(algorithms.UnknownAlgorithm) as caught:
        algorithms.load(name)
    assert f"algorithm is {name!r}: it must be one of adbo, " in str(caught.value)
    assert f"Did you mean {near!r}?" in str(caught.value)


def test_name_like_none_gets_no_hint() -> None:
    """Nothing is suggested where nothing is near."""
    assert "Did you mean" not in str(algorithms.UnknownAlgorithm("zzz", ("adbo", "soba")))


GUEST = '''"""A guest."""
from algorithms.soba import NEEDS, Settings, server, worker
VARIANTS = {"slow_guest": {"step_x": 0.01}, "ma_soba": {}}
'''


def test_installed_packages_announce_algorithms_by_entry_point(install: Callable[..., Path]) -> None:
    """A module under the entry point group is an algorithm like any other; it cannot replace one of the folder."""
    soba = algorithms.load("soba").module
    install("guests", {"guest": GUEST}, {algorithms.GROUP: {"guest": "guest", "soba": "guest"}})
    assert {"guest", "slow_guest"} <= set(algorithms.names())
    assert algorithms.load("guest").doc == "A guest."
    assert algorithms.load("slow_guest").needs.topology == "star"
    assert algorithms.load("soba").module is algorithms.load("ma_soba").module is soba


@pytest.mark.parametrize(
    ("source", "error"),
    [("import nothing_of_this_name", ModuleNotFoundError), ("x = 1", AttributeError), ("exit(3)", SystemExit)],
)
def test_an_installed_module_that_is_no_algorithm_breaks_only_itself(
    install: Callable[..., Path], source: str, error: type[BaseException]
) -> None:
    """It is not among the names; asking for it raises what is wrong."""
    known = algorithms.names()
    install("guests", {"broken_guest": source}, {algorithms.GROUP: {"guest": "broken_guest"}})
    assert algorithms.names() == known
    with pytest.raises(error):
        algorithms.load("guest")
