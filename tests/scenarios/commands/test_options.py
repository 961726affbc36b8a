"""Options that commands share."""

from scenarios.commands import options


def test_exit_statuses_are_the_contract() -> None:
    """Others script against them."""
    assert (options.DONE, options.DEFECT, options.BAD_INPUT, options.INTERRUPTED) == (0, 1, 2, 130)
