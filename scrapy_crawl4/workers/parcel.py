"""What of a configuration travels to another process."""

from __future__ import annotations

import io
import pickle
from types import FunctionType, ModuleType
from typing import Any

from ..config import CrawlerRunConfig
from ..config.run_content import ContentOptions

OWN = frozenset(
    {
        __name__.partition(".")[0],
        "turbohtml",
        "builtins",
        "re",
        "regex",
        "_regex",
        "datetime",
        "enum",
        "collections",
        "copyreg",
    }
)
"""Packages whose classes keep nothing that a page of another process would have to know, and change nothing."""


class _OwnPickler(pickle.Pickler):
    """Refuses classes and functions of other packages than :data:`OWN`."""

    def reducer_override(self, thing: Any) -> Any:
        kind = thing if isinstance(thing, (type, FunctionType)) else type(thing)
        if isinstance(thing, ModuleType) or (kind.__module__ or "").partition(".")[0] not in OWN:
            raise pickle.PicklingError(f"{kind.__module__} is not ours")
        return NotImplemented


def pack(config: CrawlerRunConfig, *, only_own: bool) -> bytes | None:
    """Return what the content stages read of *config*, to be sent; None if it can only be used in this process.

    :param only_own: whether to take nothing with code that is not this package's: a strategy of the user's may want to
        remember something from page to page.
    """
    content = _content(config)
    try:
        if only_own:
            return _packed(content)
        import cloudpickle  # noqa: PLC0415 - only where somebody asks for workers

        packed: bytes = cloudpickle.dumps(content, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - the user's objects: their methods may raise anything
        return None
    return packed


def unpack(packed: bytes) -> CrawlerRunConfig:
    """Return the configuration that :func:`pack` packed; raises what its parts raise that cannot be loaded here."""
    content = pickle.loads(packed)  # noqa: S301 - from our own process
    if isinstance(content, CrawlerRunConfig):
        return content
    config = CrawlerRunConfig.__new__(CrawlerRunConfig)
    config.__dict__.update(content)
    return config


def _content(config: CrawlerRunConfig) -> Any:
    """Return the options for content alone, as the others may hold what does not travel, such as functions."""
    if type(config) is not CrawlerRunConfig:
        return config  # its class may have defaults of its own
    return {name: value for name, value in vars(config).items() if name in ContentOptions._options}


def _packed(content: Any) -> bytes:
    file = io.BytesIO()
    _OwnPickler(file, pickle.HIGHEST_PROTOCOL).dump(content)
    return file.getvalue()
