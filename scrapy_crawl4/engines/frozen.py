"""A user's objects as bytes that another process can make them of again."""

from __future__ import annotations

import contextlib
import pickle
from typing import Any

import cloudpickle

from ..errors import describe
from ..exceptions import UnsupportedOption


def freeze(value: Any, what: str) -> bytes:
    """Return *value* as bytes, also where functions and classes are in it that no module has.

    :param what: names it, as the beginning of a sentence.
    :raises UnsupportedOption: when it cannot be handed to another process.
    """
    with contextlib.suppress(Exception):  # the other way says better what is wrong
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        # A class of the program itself goes by its name, which means nothing to another process.
        if b"__main__" not in data:
            return data
    try:
        return bytes(cloudpickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    except Exception as error:
        raise UnsupportedOption(
            f"{what} cannot be handed to engine processes: {describe(error).rstrip('.')}; use engines=1 for it."
        ) from error


def thaw(data: bytes) -> Any:
    """Return what :func:`freeze` made *data* of.

    :raises Exception: what loading it raises, such as ``ImportError`` for a module that this process cannot find.
    """
    return pickle.loads(data)  # noqa: S301 - of the process that started this one
