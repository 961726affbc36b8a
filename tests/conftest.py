"""What all tests share: where real data lies, and property tests that give the same verdict every time."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

DATA_VARIABLE = "BILEVELSIM_DATA"
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

if DATA_VARIABLE not in os.environ and SHARED_DATA.is_dir():
    os.environ[DATA_VARIABLE] = str(SHARED_DATA)

settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.load_profile("deterministic")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs real data where there is none."""
    if item.get_closest_marker("realdata") and not Path(os.environ.get(DATA_VARIABLE, "/nowhere")).is_dir():
        pytest.skip(f"needs real data, and {DATA_VARIABLE} names no folder")
