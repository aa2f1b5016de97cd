"""Scripts that run in pages, each a function in a file of its own."""

from __future__ import annotations

from importlib.resources import files


def script(name: str) -> str:
    """Return the source of the function *name*."""
    return files(__name__).joinpath(f"{name}.js").read_text("utf-8")
