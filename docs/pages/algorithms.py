"""The page of each algorithm module, and the overview of all."""

from collections.abc import Iterator
from typing import Any

from algorithms import Entry
from algorithms.needs import Needs
from pages import evidence, prose
from pages.columns import code, of_settings, table
from pages.published import entries, module_of, modules, names_of
from problems.base import COUNTED, FUSED
from scenarios import emit

POINTS = {"optimum": "the solution", "penalty": "the minimum of the penalised objective"}
SECOND = ("lower_hvp", "lower_cross", "lower_cross_t", "lower_products", "directions")
POLICIES = ("all", "first", "latest", "deadline")
LINKS = ("retransmit", "symmetric", "datagram")
YES = "●"


# --- the page of one module


def page(module: str) -> str:
    """Everything about one module: what it computes, its settings, what it needs, and what backs it."""
    names = names_of(module)
    entry = entries()[names[0]]
    name, what, rest = prose.headline(entry.doc)
    parts = [
        f"# {prose.inline(name or module)}",
        prose.inline(what),
        *_called(names),
        "## What it computes",
        prose.body(rest, level=3),
        "## Settings",
        of_settings(entry.settings, entry.preset),
        "A 1 after the last comma says that the number has no unit.",
        "## What it needs",
        needs_table(names),
        *_depends(entry),
        "## Evidence",
        *_evidence(module, names),
    ]
    return "\n\n".join(parts) + "\n"


def _called(names: list[str]) -> Iterator[str]:
    """The names in a scenario; a variant with the settings that make it."""
    yield f'In a scenario: `name = "{names[0]}"`. On the command line `bilevelsim show {names[0]}` prints this page.'
    variants = [entries()[name] for name in names[1:]]
    if variants:
        rows = [(f"`{variant.name}`", code(_toml(variant.preset))) for variant in variants]
        yield table(("variant", f"`{names[0]}` with"), rows)


def needs_table(names: list[str]) -> str:
    """What each name needs with its default settings; equal ones share a row."""
    shared: dict[Needs, list[str]] = {}
    for name in names:
        shared.setdefault(entries()[name].needs, []).append(f"`{name}`")
    rows = [
        (
            ", ".join(known),
            "a server and its workers" if needs.topology == "star" else "a graph whose agents mix",
            ", ".join(f"`{oracle}`" for oracle in needs.oracles),
            ", ".join(f"`{wait}`" for wait in needs.waits),
            ", ".join(f"`{link}`" for link in needs.links),
            ", ".join(needs.memory_loss) or "nobody",
        )
        for needs, known in shared.items()
    ]
    return table(("", "topology", "oracles", "waiting", "transports", "may lose memory"), rows)


def _depends(entry: Entry) -> Iterator[str]:
    """Where settings change what is needed: how, in the module's own words."""
    words = getattr(getattr(entry.module, "needs", None), "__doc__", None)
    if words:
        yield f"Settings change what it needs: {prose.inline(words)}"


# --- what backs it


def _evidence(module: str, names: list[str]) -> Iterator[str]:
    yield "### In the contract suite"
    yield (
        "The [contract suite](../../../tests/algorithms/test_contract.py) runs it on a small quadratic whose agents "
        "differ, and compares x and y of the global iterate with the point that it aims at (relative error). *Not "
        "nearer than*: the floor of a method that is biased."
    )
    yield target_table(names)
    yield from _remarks(names)
    files = ", ".join(f"[{file}](../../../{file})" for file in evidence.tests(module))
    yield f"Its own tests and the lines behind this table: {files}."
    yield "### Claims of its paper"
    yield _claims(module)
    yield "### On the clock"
    yield from _study(names)
    yield "Catalogue scenarios in which it runs: " + _listed(evidence.scenarios_with(module)) + "."


def target_table(names: list[str]) -> str:
    """What the contract suite asks for."""
    rows = []
    for name in names:
        target = evidence.targets()[name]
        rows.append(
            (
                f"`{name}`",
                POINTS[target["point"]],
                str(target["rounds"]),
                _short(target["tolerance"]),
                _short(target.get("floor")),
                _numbers(target),
                code(_toml(target.get("settings", {}))),
            )
        )
    titles = ("name", "ends at", "rounds", "within", "not nearer than", "numbers a round sends", "settings")
    return table(titles, rows)


def _numbers(target: dict[str, Any]) -> str:
    """How many numbers a round costs, as the suite counts them; where they vary, the file that counts them."""
    if "lengths" in target:
        file = target["lengths"]
        return f"counted in [{file}](../../../tests/algorithms/{file})"
    ways = {"sent": "to each neighbour", "up": "up", "down": "down"}
    return ", ".join(f"{code(target[way])} {words}" for way, words in ways.items() if way in target)


def _remarks(names: list[str]) -> Iterator[str]:
    for name in names:
        if remark := evidence.targets()[name]["remark"]:
            yield f"`{name}`: {prose.inline(remark)}"


def _claims(module: str) -> str:
    found = evidence.claims(module)
    if not found:
        return "None was checked; [What the papers claim](../papers.md) has those of other methods."
    rows = [(f"[{prose.inline(claim.statement)}](../papers.md#{claim.anchor})", claim.verdict) for claim in found]
    return table(("claim", "verdict on the clock"), rows)


def _study(names: list[str]) -> Iterator[str]:
    """Its rows in the study of every algorithm."""
    conditions, seconds = evidence.study()
    rows = [(f"`{name}`", *seconds[name]) for name in names if name in seconds]
    if rows:
        yield (
            "Simulated seconds to one target under five conditions, every method with steps tuned for it "
            "([the study](../../studies/every_algorithm.md)):"
        )
        yield table(("", *conditions), rows)


def _listed(names: Iterator[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _toml(table_: Any) -> str:
    """A table of settings as a scenario writes them."""
    return ", ".join(emit.toml_text({key: value}).strip() for key, value in table_.items())


# --- the overview


def overview() -> str:
    """All names in two tables, those with a server and those by gossip: what they need and where they end."""
    parts = []
    for topology, title in (("star", "On a server with workers"), ("graph", "On a graph")):
        names = [name for name in _in_order() if entries()[name].needs.topology == topology]
        parts += [f"## {title}", table(_TITLES, (_row(name) for name in names))]
    return "\n\n".join(parts)


_TITLES = ("name", "order", *POLICIES, *LINKS, "memory", "end")


def _in_order() -> list[str]:
    return [name for module in modules() for name in names_of(module)]


def _row(name: str) -> tuple[str, ...]:
    needs = entries()[name].needs
    return (
        f"[`{name}`](algorithms/{module_of(name)}.md)",
        "2" if set(SECOND) & set(needs.oracles) else "1",
        *(YES if policy in needs.waits else "" for policy in POLICIES),
        *(YES if link in needs.links else "" for link in LINKS),
        YES if needs.memory_loss else "",
        _end(evidence.targets()[name]),
    )


def oracles() -> str:
    """Which oracles each module calls, beside the start and the draw of a mini-batch."""
    rows = []
    for module in modules():
        called = [f"`{oracle}`" for oracle in entries()[module].needs.oracles if oracle in (*COUNTED, *FUSED)]
        rows.append((f"[{module}](algorithms/{module}.md)", ", ".join(called)))
    return table(("module", "oracles"), rows)


def _end(target: dict[str, Any]) -> str:
    where = "" if target["point"] == "optimum" else "penalty: "
    floor, near = _short(target.get("floor")), _short(target["tolerance"])
    return (where + (f"{floor} to {near}" if floor else f"≤ {near}")).replace(" ", "\N{NO-BREAK SPACE}")


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:g}" if value >= 1e-3 else f"{value:.0e}".replace("e-0", "e-")
