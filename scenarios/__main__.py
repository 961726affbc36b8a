"""``python -m scenarios`` is the command ``bilevelsim``."""

from scenarios.cli import main

main()
