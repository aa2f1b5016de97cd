"""Fields of a result that may be in memory, packed, or in a file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pydantic import PrivateAttr

from .packed import CONTAINERS
from .result_fields import ResultFields
from .spill import SPILLABLE, Spilled, write_fields

if TYPE_CHECKING:
    from typing import Self

    from .spill import SpillFile


_CHANGING = threading.Lock()
"""Held while it changes where fields are: one thread may read a field while another moves others."""


class SpillableFields(ResultFields):
    """The fields of a result, of which the heavy ones can be moved to a file and are read back when they are used."""

    _spilled: Spilled | None = PrivateAttr(default=None)

    def spill(self, file: SpillFile) -> int:
        """Move the heavy fields to *file*; return the bytes of memory they took, roughly.

        Everything works as before. Text is read from the file each time it is used, so that reading the results of a
        large batch one after another does not bring all of them back; keep what you use often. Containers such as
        ``links``, which their reader may change in place, come back for good when they are first read, and a field
        that is assigned stays in memory. Pickles, copies, dumps and comparisons have all the data. Reading raises
        ``OSError`` if the disk fails. Does nothing for a result whose content is pending.
        """
        packed = {} if self._spilled is None else self._spilled.packed
        places, size = write_fields({**packed, **self.__dict__}, file)
        if places:
            with _CHANGING:
                before = {} if self._spilled is None else self._spilled.places
                self._spilled = Spilled({**before, **places})
            # Not before they can be found in the file: another thread may be reading.
            for name in places:
                self.__dict__.pop(name, None)
        return size

    @property
    def packed_size(self) -> int:
        """Bytes of what came packed from another process and was not read yet."""
        return 0 if self._spilled is None else sum(place.size for place in self._spilled.packed.values())

    def _forget(self, name: str) -> None:
        with _CHANGING:
            if self._spilled is not None:
                self._spilled = self._spilled.without(name)

    def _in_memory(self) -> Self:
        """Return this result, or a copy that has in memory what this one has in a file or packed."""
        spilled = self._spilled
        if spilled is None:
            return self
        whole = self.__copy__()
        for name in spilled.places.keys() - whole.__dict__.keys():
            whole.__dict__[name] = spilled.load(name)
        whole._spilled = None
        return whole

    if not TYPE_CHECKING:  # a declared __getattr__ would make type checkers accept every name

        def __getattr__(self, name: str) -> Any:
            # Only reached for names that are not in __dict__: what is in memory is as quick as ever.
            spilled = self._spilled if name in SPILLABLE else None
            place = None if spilled is None else spilled.places.get(name)
            if place is None:
                # Another thread may have unpacked it a moment ago.
                return self.__dict__[name] if name in self.__dict__ else super().__getattr__(name)
            value = place.load()
            if place.is_packed or name in CONTAINERS:
                value = self.__dict__.setdefault(name, value)
            if place.is_packed:
                self._forget(name)
            return value

        def __delattr__(self, name: str) -> None:
            if self._has_spilled(name):
                self.__dict__.pop(name, None)
                self._forget(name)
            else:
                super().__delattr__(name)

    def _has_spilled(self, name: str) -> bool:
        return name in SPILLABLE and self._spilled is not None and name in self._spilled.places
