"""An open choice among tables."""

from typing import get_args

from algorithms.pieces import compressors
from algorithms.pieces.choice import OneOf


def test_the_kinds_are_asked_for_when_they_are_wanted() -> None:
    """The type of a compressor's setting names no compressor, but who knows them at that time."""
    base, note = get_args(compressors.AnyCompressor)
    assert (base, note) == (compressors.Compressor, OneOf(compressors.kinds))
    assert set(note.kinds()) >= set(compressors.OURS)
