"""Files outside of the folder that a job appends to."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from .folder import write_json

if TYPE_CHECKING:
    from pathlib import Path

OUTPUTS = "outputs.json"


def output_start(folder: Path, name: str, size: int) -> int:
    """Return where in the file *name* the lines of the job in *folder* begin.

    That is behind what the file had when the job first asked, and behind all it has if it became shorter since: then
    it is another one. Call it while the job is open.

    :param size: bytes that the file has.
    :raises OSError: when it cannot be kept.
    """
    starts: dict[str, int] = {}
    with suppress(FileNotFoundError, ValueError):
        starts.update(json.loads((folder / OUTPUTS).read_bytes()))
    if name not in starts or starts[name] > size:
        starts[name] = size
        write_json(folder / OUTPUTS, starts)
    return starts[name]
