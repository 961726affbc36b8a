"""The compressors: the module's own table of what each is, then their settings."""

from algorithms.pieces import compressors
from pages import prose
from pages.columns import of_settings


def page() -> str:
    """A section a compressor."""
    parts = [prose.markdown(compressors.__doc__, level=2)]
    for name in compressors.names():
        found = compressors.load(name)
        parts += [f"## `{name}`", prose.markdown(found.__doc__, level=3), of_settings(found)]
    return "\n\n".join(parts)
