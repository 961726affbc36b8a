"""K-GT SOBA: the contract of all algorithms, and what distinguishes it."""

from scenarios import contract

SLOWER = {"step_x": 0.05, "step_y": 0.05, "step_u": 0.05}


def test_it_keeps_the_contract() -> None:
    """With several local steps and with one."""
    assert contract.broken("kgt_soba", rounds=300, tolerance=1e-7, settings=SLOWER) == []
    assert contract.broken("kgt_soba_single", rounds=600, tolerance=1e-7) == []


def test_local_steps_cost_oracles_and_no_bits() -> None:
    """Four steps a round evaluate four times as much and send the same 2 (p + 2q) numbers to two neighbours."""
    many, one = (
        [contract.run(name, rounds).runs.iloc[0] for rounds in (10, 20)] for name in ("kgt_soba", "kgt_soba_single")
    )
    calls = [later["oracle_calls"] - earlier["oracle_calls"] for earlier, later in (many, one)]
    bits = [later["bits_sent"] - earlier["bits_sent"] for earlier, later in (many, one)]
    numbers = 2 * (contract.DIM_X + 2 * contract.DIM_Y)
    assert calls == [4 * 10 * contract.AGENTS * 5, 10 * contract.AGENTS * 5]
    assert bits == [10 * contract.AGENTS * 2 * (64 * numbers + 8 * 40)] * 2
