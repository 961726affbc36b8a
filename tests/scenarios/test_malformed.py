"""Bad input of every kind: exit status 2, a sentence with file, key, value and rule, no traceback, nothing written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scenarios.cli import app

TARGET = '[target]\nmetric = "relative_distance_to_optimum"\nbelow = 0.9\n'
CRASH = '[[failures]]\nkind = "crash"\nagents = [1]\nat_s = 50.0\nrecover_after_s = 1.0\n'
ALGORITHMS = '[[algorithms]]\nname = "soba"\ntopology = { name = "star" }\n\n[[algorithms]]\nname = "dsoba"\n'
BANDWIDTH = "bandwidth_mbit_s = 100.0"
LATENCY = 'latency_s = { distribution = "lognormal", mean = 0.05, sigma = 0.8 }'
STEP = "seconds_per_step = 0.1"
RING = 'topology = { name = "ring", agents = 4 }'
SLOW = "agents = [3]\nslowdown = 10.0"
DSOBA = 'name = "dsoba"'

# What is replaced, by what, the key that the message must name, and what else it must say.
CASES: dict[str, tuple[str, str, str, str]] = {
    # types
    "rounds is text": ("rounds = 6", 'rounds = "six"', 'stop.rounds = "six"', "must be a whole number"),
    "rounds is a fraction": ("rounds = 6", "rounds = 6.5", "stop.rounds = 6.5", "must be a whole number"),
    "rounds is a float": ("rounds = 6", "rounds = 6.0", "stop.rounds = 6.0", "must be a whole number"),
    "rounds is a truth value": ("rounds = 6", "rounds = true", "stop.rounds = true", "must be a whole number"),
    "seconds is a list": ("simulated_seconds = 100.0", "simulated_seconds = [1]", "stop.simulated_seconds", "a number"),
    "question is a number": ('question = "Who', 'question = 3 # "', "question = 3", "must be a string"),
    "agents is a number": ("agents = [3]", "agents = 3", "stragglers.0.agents = 3", "must be a list"),
    "an agent is text": ("agents = [3]", 'agents = ["a"]', 'stragglers.0.agents.0 = "a"', "must be a whole number"),
    "network is a number": (RING, 'topology = "ring"', 'network.topology = "ring"', "must be a table"),
    "stragglers are a table": ("[[stragglers]]", "[stragglers]", "stragglers = {", "must be a list"),
    "a failure is a number": (CRASH, "", "failures.0 = 3", "must be a table"),
    "settings are a list": (DSOBA, f"{DSOBA}\nsettings = [1]", "algorithms.1.settings = [1]", "must be a table"),
    "asymmetric is a number": (BANDWIDTH, "asymmetric = 1", "network.asymmetric = 1", "must be true or false"),
    # required keys
    "no question": ('question = "Who is first when one of four workers is slow?"', "", "question", "is required"),
    "no problem": ('[problem]\nname = "quadratic"\ndim_x = 3\ndim_y = 2', "", "problem", "is required"),
    "no name of a problem": ('name = "quadratic"', "", "problem.name", "is required"),
    "no algorithms": (ALGORITHMS, "", "algorithms", "is required"),
    "a crash without a time": ("at_s = 50.0\n", "", "failures.0.at_s", "is required"),
    "a failure without a kind": ('kind = "crash"\n', "", "failures.0.kind", "is required; known: crash"),
    "a target without a metric": ('metric = "relative_distance_to_optimum"\n', "", "target.metric", "is required"),
    # unknown keys and names, with the nearest
    "unknown table": (TARGET, "[targets]\nbelow = 1.0\n", "targets", 'the nearest is "target"'),
    "unknown key": ("rounds = 6", "round = 6", "stop.round = 6", 'the nearest is "rounds"'),
    "unknown key of a straggler": (
        "slowdown = 10.0",
        "slow_down = 2.0\nslowdown = 2.0",
        "slow_down = 2.0",
        '"slowdown"',
    ),
    "unknown key of a failure": ("at_s = 50.0", "at_s = 50.0\nat = 3.0", "failures.0.at = 3.0", '"at_s"'),
    "unknown problem": ('"quadratic"', '"quadratc"', 'problem.name = "quadratc"', 'the nearest is "quadratic"'),
    "unknown algorithm": (DSOBA, 'name = "dsob"', 'algorithms.1.name = "dsob"', 'the nearest is "dsoba"'),
    "unknown topology": ('"ring"', '"rign"', 'network.topology.name = "rign"', 'the nearest is "ring"'),
    "unknown metric": ('"relative_distance_to_optimum"', '"upper_objectiv"', "target.metric", '"upper_objective"'),
    "unknown recorded metric": (TARGET, '[record]\nmetrics = ["loss"]\n', 'record.metrics.0 = "loss"', "is no metric"),
    "unknown kind of failure": ('"crash"', '"crush"', 'failures.0.kind = "crush"', 'the nearest is "crash"'),
    "unknown kind of straggler": (SLOW, f'kind = "fix"\n{SLOW}', 'stragglers.0.kind = "fix"', 'the nearest is "fixed"'),
    "unknown sharing": (BANDWIDTH, 'sharing = "fare"', 'network.sharing = "fare"', 'the nearest is "fair"'),
    "unknown policy": (DSOBA, f'{DSOBA}\nwait = {{ policy = "frist", k = 1 }}', "algorithms.1.wait.policy", '"first"'),
    "unknown loss model": (BANDWIDTH, 'loss = { model = "gilbert" }', "network.loss.model", '"gilbert_elliott"'),
    "unknown law": ('"lognormal"', '"lognorm"', "network.latency_s", "did you mean lognormal"),
    "unknown parameter of a law": ("mean = 0.05", "mena = 0.05", "network.latency_s", "mena = 0.05"),
    "unknown oracle": (STEP, "seconds_per_oracle = { lower_gradient_y = 1.0 }", "lower_gradient_y", '"lower_grad_y"'),
    "unknown weights": ("agents = 4 }", 'agents = 4, weights = "metro" }', "network.topology.weights", "metropolis"),
    # settings of what is named
    "unknown setting of a problem": ("dim_x = 3", "dim_z = 3", "problem.dim_z = 3", "is not a key here"),
    "setting of a problem out of range": ("dim_x = 3", "dim_x = 0", "problem.dim_x = 0", "greater than or equal to 1"),
    "setting of a problem of wrong type": ("dim_x = 3", "dim_x = 3.5", "problem.dim_x = 3.5", "a whole number"),
    "unknown setting of an algorithm": (
        DSOBA,
        f"{DSOBA}\nsettings = {{ step_z = 0.1 }}",
        "algorithms.1.settings.step_z = 0.1",
        'the nearest is "step_',
    ),
    "negative step": (
        DSOBA,
        f"{DSOBA}\nsettings = {{ step_x = -0.1 }}",
        "algorithms.1.settings.step_x = -0.1",
        "greater than 0",
    ),
    "unknown setting of a topology": (
        "agents = 4 }",
        "agents = 4, degre = 2 }",
        "network.topology.degre",
        "not a key here",
    ),
    # ranges
    "no seeds": ("seeds = 2", "seeds = 0", "seeds = 0", "greater than or equal to 1"),
    "a seed twice": ("seeds = 2", "seeds = [1, 1]", "seeds = [1, 1]", "each seed once"),
    "a negative seed": ("seeds = 2", "seeds = [-1]", "seeds.0 = -1", "greater than or equal to 0"),
    "empty list of seeds": ("seeds = 2", "seeds = []", "seeds = []", "must not be empty"),
    "no rounds": ("rounds = 6", "rounds = 0", "stop.rounds = 0", "greater than or equal to 1"),
    "negative seconds": ("= 100.0\n\n[problem]", "= -1.0\n\n[problem]", "stop.simulated_seconds = -1.0", "than 0"),
    "no bandwidth": (BANDWIDTH, "bandwidth_mbit_s = 0", "network.bandwidth_mbit_s = 0", "greater than 0"),
    "negative latency": (LATENCY, "latency_s = -0.1", "network.latency_s = -0.1", "greater than or equal to 0"),
    "negative sigma": ("sigma = 0.8", "sigma = -0.8", "network.latency_s", "sigma = -0.8 must be between 0 and 10"),
    "NaN": (LATENCY, "latency_s = nan", "network.latency_s = nan", "must be a finite number"),
    "infinity": ("slowdown = 10.0", "slowdown = inf", "stragglers.0.slowdown = inf", "must be a finite number"),
    "NaN in a law": ("mean = 0.05", "mean = nan", "network.latency_s", "mean"),
    "NaN in a setting": (DSOBA, f"{DSOBA}\nsettings = {{ step_x = nan }}", "algorithms.1.settings.step_x", "finite"),
    "infinite target": ("below = 0.9", "below = -inf", "target.below = -inf", "must be a finite number"),
    "slowdown 0": ("slowdown = 10.0", "slowdown = 0.0", "stragglers.0.slowdown = 0.0", "greater than 0"),
    "loss of everything": (BANDWIDTH, "loss = { probability = 1.0 }", "network.loss.probability = 1.0", "less than 1"),
    "negative loss": (BANDWIDTH, "loss = { probability = -0.1 }", "network.loss.probability = -0.1", "or equal to 0"),
    "crash before the start": ("at_s = 50.0", "at_s = -1.0", "failures.0.at_s = -1.0", "greater than or equal to 0"),
    "negative agent": ("agents = [3]", "agents = [-1]", "stragglers.0.agents.0 = -1", "greater than or equal to 0"),
    "no agents named": ("agents = [3]", "agents = []", "stragglers.0.agents = []", "must not be empty"),
    "empty question": ('"Who is first when one of four workers is slow?"', '""', 'question = ""', "must not be empty"),
    "empty list of algorithms": (ALGORITHMS, "", "algorithms = []", "must not be empty"),
    "no agents": ("agents = 4", "agents = 0", "network.topology.agents = 0", "greater than or equal to 1"),
    "speed of 0": (STEP, "speed_gflop_s = 0.0", "compute.speed_gflop_s = 0.0", "greater than 0"),
    "negative speed in a list": (STEP, "speed_gflop_s = [1, -1]", "compute.speed_gflop_s.1 = -1", "greater than 0"),
    # rules between fields
    "no end": ("rounds = 6\nsimulated_seconds = 100.0", "at_target = true", "stop", "simulated_seconds or rounds"),
    "two costs": (STEP, f"{STEP}\nspeed_gflop_s = 1.0", "compute", "exactly one of speed_gflop_s"),
    "no cost": (STEP, "overhead_s = 1.0", "compute", "exactly one of speed_gflop_s"),
    "two targets": ("below = 0.9", "below = 0.9\nabove = 1.0", "target", "exactly one of below and above"),
    "at_target without target": (TARGET, "", "stop.at_target = true", "needs a table [target]"),
    "agent out of range": ("agents = [3]", "agents = [5]", "stragglers.0.agents.0 = 5", "agents are 0 to 4"),
    "crash of nobody": ("agents = [1]", "agents = [9]", "failures.0.agents.0 = 9", "out of range"),
    "an agent twice": ("agents = [3]", "agents = [3, 3]", "stragglers.0.agents = [3, 3]", "each agent once"),
    "crash while down": (CRASH, CRASH + CRASH.replace("50.0", "50.5"), "failures.1.at_s = 50.5", "already down"),
    "crash twice": (CRASH, CRASH + CRASH, "failures.1.at_s = 50.0", "already down then, by failures.0"),
    "two clocks for one agent": (
        CRASH,
        '[[failures]]\nkind = "random_crash"\nmtbf_s = 9.0\nrepair_s = 1.0\n' * 2,
        "failures.1.agents",
        "agent 0 already crashes at random",
    ),
    "random crashes without a time limit": (
        "simulated_seconds = 100.0",
        '[[failures]]\nkind = "random_crash"\nmtbf_s = 9.0\nrepair_s = 1.0\n',
        "failures.0.kind",
        "stop.simulated_seconds must be given",
    ),
    "a law that draws a bandwidth of 0": (
        BANDWIDTH,
        'bandwidth_mbit_s = { distribution = "two_point", fast = 0.0, slow = 1.0, probability = 0.5 }',
        "network.bandwidth_mbit_s",
        "must be above 0",
    ),
    "no such link": (
        CRASH,
        '[[failures]]\nkind = "link_down"\nlink = [0, 2]\nat_s = 1.0\n',
        "failures.0.link = [0, 2]",
        "is no link",
    ),
    "a link of three": (
        CRASH,
        '[[failures]]\nkind = "link_down"\nlink = [0, 1, 2]\nat_s = 1.0\n',
        "failures.0.link = [0, 1, 2]",
        "at most 2",
    ),
    "the same link twice": (
        CRASH,
        '[[failures]]\nkind = "link_down"\nlink = [0, 1]\nat_s = 1.0\n' * 2,
        "failures.1",
        "stands already in failures.0",
    ),
    "groups that overlap": (
        CRASH,
        '[[failures]]\nkind = "partition"\ngroups = [[0, 1], [1, 2]]\nat_s = 1.0\n',
        "failures.0.groups",
        "agent 1 is in 2 groups",
    ),
    "too few bandwidths": (
        BANDWIDTH,
        "bandwidth_mbit_s = [1, 2]",
        "network.bandwidth_mbit_s = [1.0, 2.0]",
        "there are 5",
    ),
    "same label": (DSOBA, 'name = "soba"\ntopology = { name = "star" }', "algorithms.1.label", "must tell it from"),
    "k for nothing": (DSOBA, f"{DSOBA}\nwait = {{ k = 2 }}", "algorithms.1.wait", 'k belongs to policy = "first"'),
    "k beyond all": (
        DSOBA,
        f'{DSOBA}\nwait = {{ policy = "first", k = 7 }}',
        "algorithms.1.wait.k = 7",
        "more than the 4 agents",
    ),
    "workers of a ring": ("agents = 4", "workers = 4", "network.topology", "workers belongs to a star"),
    "star of how many": (RING, 'topology = { name = "star" }', "network.topology", "needs workers = N"),
    "other number of agents": (
        '{ name = "star" }',
        '{ name = "star", workers = 5 }',
        "algorithms.0.topology",
        "has 5 agents",
    ),
    "torus that does not fit": (
        RING,
        'topology = { name = "torus", agents = 7, rows = 2 }',
        "network.topology",
        "divide",
    ),
    "disconnected graph": (
        RING,
        'topology = { name = "erdos_renyi", agents = 20, probability = 0.001 }',
        'network.topology.name = "erdos_renyi"',
        "connected",
    ),
    "file that is not there": (
        RING,
        'topology = { name = "file", path = "nowhere.txt" }',
        'network.topology.path = "nowhere.txt"',
        "is not a file",
    ),
    "trace that is not there": (SLOW, 'kind = "trace"\nfile = "t.csv"', 'stragglers.0.file = "t.csv"', "is not a file"),
    "weights that are not there": (
        "agents = 4 }",
        'agents = 4, weights = "file", weights_file = "w.csv" }',
        "network.topology.weights_file",
        "is not a file",
    ),
    "too many agents for the memory": ("agents = 4", "agents = 400000000", "network.topology.agents", "GiB of memory"),
    "complete graph beyond the memory": (
        RING,
        'topology = { name = "complete", agents = 5000000 }',
        "network.topology.agents = 5000000",
        "this machine has",
    ),
    "nothing can run": (ALGORITHMS, '[[algorithms]]\nname = "soba"\n', "algorithms.0.name", "needs a server"),
    "setting that does not fit another": (
        'name = "quadratic"\ndim_x = 3\ndim_y = 2',
        'name = "hyper_cleaning"\npartition = { kind = "equal", alpha = 1.0 }',
        "problem",
        "alpha",
    ),
    "unknown key in a nested setting": (
        'name = "quadratic"\ndim_x = 3\ndim_y = 2',
        'name = "hyper_cleaning"\npartition = { knd = "equal" }',
        "problem.partition.knd",
        "is not a key here",
    ),
    "unknown data set": (
        'name = "quadratic"\ndim_x = 3\ndim_y = 2',
        'name = "hyper_cleaning"\ndata = "mnits"',
        'problem.data = "mnits"',
        'the nearest is "mnist"',
    ),
    "a law that is always 0": (
        STEP,
        'seconds_per_step = { distribution = "constant", value = 0.0 }',
        "compute.seconds_per_step",
        "must have a mean above 0",
    ),
    "a random slowdown of 0": (
        SLOW,
        'kind = "random"\nslowdown = { distribution = "constant", value = 0.0 }',
        "stragglers.0.slowdown",
        "must have a mean above 0",
    ),
    "looks without end": (
        TARGET,
        "[record]\nevery_s = 1e-9\n",
        "record.every_s = 1e-09",
        "more than 1,000,000 times in 100 simulated seconds",
    ),
    "periods without end": (
        SLOW,
        'kind = "periods"\nslowdown = 2.0\nfast_s = 1e-300\nslow_s = 1e-300',
        "stragglers.0.fast_s = 1e-300",
        "would recur more than",
    ),
    "failures without end": (
        CRASH,
        '[[failures]]\nkind = "random_link_down"\nmtbf_s = 1e-9\nrepair_s = 1e-9\n',
        "failures.0.mtbf_s = 1e-09",
        "would recur more than",
    ),
    "rounds that take no time": (
        f"{LATENCY}\n{BANDWIDTH}\n\n[compute]\n{STEP}",
        "[compute]\nseconds_per_oracle = { upper_value = 1.0 }",
        "compute.seconds_per_oracle",
        "costs soba no time",
    ),
    "a problem beyond the memory": ("dim_x = 3", "dim_x = 1000000000", "problem = {", "needs, with 4 agents, about"),
    "a header beyond all bounds": (BANDWIDTH, "header_bytes = 9000000", "network.header_bytes", "or equal to 1000000"),
    "a label of two lines": (DSOBA, f'{DSOBA}\nlabel = "a\\nb"', "algorithms.1.label", "must be one line"),
    "a blank label": (DSOBA, f'{DSOBA}\nlabel = " "', "algorithms.1.label", "not all blank"),
    "a long label": (DSOBA, f'{DSOBA}\nlabel = "{"x" * 61}"', "algorithms.1.label", "at most 60"),
    "an escape in the question": ('"Who is first', '"\\u001b[31mWho', "question", "must be printable text"),
    "a batch beyond the samples": (
        'name = "quadratic"\ndim_x = 3\ndim_y = 2',
        'name = "hyper_cleaning"\nbatch_lower = 1000',
        "problem",
        "batch_lower is 1000: there are 900 samples",
    ),
    # no TOML at all
    "not TOML": ("rounds = 6", "rounds 6", "is not TOML", "line 5"),
    "key twice": ("rounds = 6", "rounds = 6\nrounds = 7", "is not TOML", "line 6"),
}

# Changes that need a second replacement to say what they mean.
ALSO: dict[str, tuple[str, str]] = {
    "empty list of algorithms": ("[stop]", "algorithms = []\n[stop]"),
    "a failure is a number": ("[stop]", "failures = [3]\n[stop]"),
    "at_target without target": ("rounds = 6", "rounds = 6\nat_target = true"),
    "rounds that take no time": ("rounds = 6\n", ""),
}


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Runs the command in an empty folder; exit status, standard output, standard error."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)

    def call(*arguments: str) -> tuple[int, str, str]:
        outcome = CliRunner().invoke(app, list(arguments))
        assert outcome.exception is None or isinstance(outcome.exception, SystemExit)
        return outcome.exit_code, outcome.stdout, outcome.stderr

    return call


def test_the_unchanged_scenario_is_valid(
    command: Callable[..., tuple[int, str, str]], written: Callable[..., Path]
) -> None:
    """What the cases below break is sound to begin with."""
    status, output, mistakes = command("check", str(written()))
    assert (status, mistakes) == (0, "")
    assert "4 with data" in output


@pytest.mark.parametrize("case", CASES)
def test_one_mistake_is_told_in_a_sentence(
    case: str, command: Callable[..., tuple[int, str, str]], written: Callable[..., Path], text: str
) -> None:
    """Exit status 2; file, key, value and rule on standard error; nothing on standard output, nothing written."""
    before, after, key, rule = CASES[case]
    assert before in text
    broken = text.replace(before, after, 1)
    if case in ALSO:
        broken = broken.replace(*ALSO[case], 1)
    path = written(broken)
    status, output, mistakes = command("run", str(path))
    assert (status, output) == (2, "")
    assert str(path) in mistakes
    assert key in mistakes
    assert rule in mistakes
    assert "Traceback" not in mistakes
    assert list(Path.cwd().iterdir()) == []


def test_all_mistakes_of_the_fields_are_told_at_once(
    command: Callable[..., tuple[int, str, str]], written: Callable[..., Path], text: str
) -> None:
    """Five mistakes in five places, those in settings of algorithms and problems among them, give five lines."""
    for before, after in {
        "rounds = 6": "rounds = 0",
        "dim_x = 3": "dim_z = 3",
        '"ring"': '"rign"',
        "slowdown = 10.0": 'slowdown = "a"',
        DSOBA: f"{DSOBA}\nsettings = {{ step_x = -1.0 }}",
    }.items():
        text = text.replace(before, after, 1)
    status, _, mistakes = command("run", str(written(text)))
    assert status == 2
    assert len(mistakes.splitlines()) == 5
    for key in (
        "stop.rounds",
        "problem.dim_z",
        "topology.name",
        "stragglers.0.slowdown",
        "algorithms.1.settings.step_x",
    ):
        assert key in mistakes


def test_all_mistakes_between_fields_are_told_at_once(
    command: Callable[..., tuple[int, str, str]], written: Callable[..., Path], text: str
) -> None:
    """A straggler out of range, a crash out of range and an unknown metric come together."""
    for before, after in {
        "agents = [3]": "agents = [7]",
        "agents = [1]": "agents = [8]",
        "relative_distance_to_optimum": "loss",
    }.items():
        text = text.replace(before, after, 1)
    status, _, mistakes = command("check", str(written(text)))
    assert status == 2
    assert len(mistakes.splitlines()) == 3


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"a = " + b"[" * 5000, "is nested too deeply"),
        (b"a = " + b"[" * 300 + b"]" * 300, "is nested too deeply"),
        (b"[" + b".".join([b"a"] * 5000) + b"]", "is nested too deeply"),
        (b"", "question is required"),
        (b"stop.rounds = " + b"9" * 5000, "too many digits"),
        (b"stop.rounds = 0x" + b"f" * 5000, "stop.rounds must fit into 64 bits"),
        (b"stop.rounds = 1000000000000000000000000000000", "000: must fit into 64 bits"),
        (b"#" * (16 * 2**20 + 1), "is longer than 16 MiB"),
    ],
    ids=[
        "not text",
        "nested beyond the parser",
        "nested too deeply",
        "deep keys",
        "empty",
        "digits",
        "hexadecimal digits",
        "a large number",
        "a large file",
    ],
)
def test_a_file_that_is_no_scenario(
    content: bytes, rule: str, command: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    """Bytes that are no text, brackets without end and an empty file are told as plainly."""
    path = tmp_path / "odd.toml"
    path.write_bytes(content)
    status, _, mistakes = command("run", str(path))
    assert status == 2
    assert rule in mistakes
    assert "Traceback" not in mistakes


def test_a_scenario_that_is_not_there(command: Callable[..., tuple[int, str, str]]) -> None:
    """Neither a file nor a name of the catalogue, or a folder."""
    assert command("run", "nowhere.toml")[0] == 2
    assert command("run", "")[2] == "FILE: must be the name of a file or of a catalogue scenario.\n"
    status, _, mistakes = command("check", "..")
    assert status == 2
    assert "is not a file" in mistakes


def test_there_are_enough_cases() -> None:
    """The promise is sixty."""
    assert len(CASES) >= 60
