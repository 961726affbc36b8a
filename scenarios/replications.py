"""Placeholder until the rule of replications is merged."""

from typing import Any


def wanted(rule: Any, values: Any, n: int) -> int:
    return n
