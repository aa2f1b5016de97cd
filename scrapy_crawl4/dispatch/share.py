"""What one of several engines may take for itself."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Load


@dataclass(slots=True)
class Share:
    """What a run may use in one process, where other processes do parts of the same run; by default, everything.

    permits: sessions that may be in flight here, beside what the policy says.
    elsewhere_mb: MB that the other processes have promised to their pages.
    before_mb: of that, what goes before pages of this process when there is too little for all.
    others_work: whether anything is in flight elsewhere.
    """

    permits: int = sys.maxsize
    elsewhere_mb: float = 0.0
    before_mb: float = 0.0
    others_work: bool = False

    def judged(self, load: Load) -> Load:
        """Return *load* as it counts when a session here may have to go: processes do not give way to each other."""
        if not self.elsewhere_mb:
            return load
        return replace(load, reserved_mb=load.reserved_mb - self.elsewhere_mb + self.before_mb)
