"""Names of a package that are loaded when they are first used (PEP 562)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazy_names(
    namespace: dict[str, Any], homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of a package.

    :param namespace: its ``globals()``; what was loaded once is kept there.
    :param homes: relative module names to the names, separated by spaces, that live there.
    """
    package: str = namespace["__name__"]
    home_of = {name: module for module, names in homes.items() for name in names.split()}

    def load(name: str) -> Any:
        module = home_of.get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = namespace[name] = getattr(import_module(module, package), name)
        return value

    def names() -> list[str]:
        return sorted({*namespace, *home_of})

    return load, names
