"""Files that are kept in a folder of the user's, each under a name of its own, as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from .exceptions import TaskFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_NAME = 120
"""Bytes of a file name, so that a number or a suffix still fits."""

RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{kind}{digit}" for kind in ("com", "lpt") for digit in range(1, 10))}
)
"""Names that Windows has for devices, whatever suffix follows."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff]+')


def keep(body: bytes, name: str, folder: str) -> str:
    """Write *body* to a new file in *folder* and return its path; the file is there as a whole or not at all.

    :param name: its name; a number is added while there is a file of that name.
    :raises TaskFailed: when it cannot be written.
    """
    with partial_file(folder) as partial:
        with _told():
            partial.write_bytes(body)
        return give_name(partial, name)


@contextlib.contextmanager
def partial_file(folder: str) -> Iterator[Path]:
    """Make *folder*, and give the path of a file in it that nobody else writes; what is there in the end is removed.

    :raises TaskFailed: when the folder cannot be made.
    """
    home = Path(folder)
    with _told():
        home.mkdir(parents=True, exist_ok=True)
    partial = home / f".{secrets.token_hex(8)}.part"
    try:
        yield partial
    finally:
        with _told():
            partial.unlink(missing_ok=True)


def give_name(partial: Path, name: str) -> str:
    """Give the finished file *partial* the first name like *name* that is free, and return its path.

    However many threads and processes want the same name, each gets another one.

    :raises TaskFailed: when it cannot be written.
    """
    with _told():
        return str(_named(partial, partial.parent, name))


def safe_name(name: str) -> str:
    """*name* without folders, hidden-file dots and characters that file systems refuse; ``""`` if nothing is left."""
    last = name.replace("\\", "/").rpartition("/")[2]
    safe = _UNSAFE.sub("_", last).strip(" .")
    if safe.partition(".")[0].rstrip().lower() in RESERVED:
        safe = f"_{safe}"
    stem, suffix = os.path.splitext(safe)
    room = LONGEST_NAME - len(suffix.encode())
    if room <= 0:
        return safe.encode()[:LONGEST_NAME].decode(errors="ignore")
    return stem.encode()[:room].decode(errors="ignore") + suffix


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise TaskFailed(f"The file could not be written to downloads_path: {reason}.") from error


def _named(partial: Path, home: Path, name: str) -> Path:
    for candidate in _candidates(name):
        target = home / candidate
        try:
            os.link(partial, target)
        except FileExistsError:
            continue
        except OSError:  # a file system without links: the name is taken first, and filled at once
            try:
                target.touch(exist_ok=False)
            except FileExistsError:
                continue
            partial.replace(target)
        return target
    raise AssertionError("unreachable: there are always more numbers")


def _candidates(name: str) -> Iterator[str]:
    yield name
    stem, suffix = os.path.splitext(name)
    for number in count(1):
        yield f"{stem} ({number}){suffix}"
