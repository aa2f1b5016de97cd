"""How the permits of a run are divided among engines, so that there are never more than the run may have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Part:
    """The permits of one engine in one run.

    cap: what the engine was told.
    held: what it may be using: more than its *cap* until it has confirmed one that is lower.
    wanted: what it could use, as far as it said.
    told: how often it was told a cap.
    """

    cap: int = 0
    held: int = 0
    wanted: int = 0
    told: int = 0

    @property
    def is_short(self) -> bool:
        """Whether tasks wait here for which there is no permit."""
        return self.wanted > self.cap

    def confirm(self, told: int, taken: int) -> None:
        """Take in that the engine uses *taken* permits, and was told a cap *told* times by then."""
        if told == self.told:
            self.held = max(self.cap, taken)

    def lose(self) -> None:
        """Take in that the engine has ended, and everything that it held with it."""
        self.cap = self.held = self.wanted = 0
        self.told += 1


def divide(total: int, wanted: list[int], turn: int = 0) -> list[int]:
    """Return what each of several gets of *total*: what it wants, as far as all can have as much as each other.

    What nobody wants is divided evenly, since tasks may come. *turn* says who is first where something is left over.
    """
    count = len(wanted)
    shares = [0] * count
    order = [(turn + number) % count for number in range(count)]
    left = total
    short = [number for number in order if wanted[number] > 0]
    while left > 0 and short:
        each = max(1, left // len(short))
        for number in short:
            given = min(each, wanted[number] - shares[number], left)
            shares[number] += given
            left -= given
        short = [number for number in short if shares[number] < wanted[number]]
    for place, number in enumerate(order):
        shares[number] += left // count + (place < left % count)
    return shares


def move(parts: list[Part], total: int, turn: int) -> list[int]:
    """Change the caps of *parts* so that what is short gets what others do not need; return which ones changed.

    A permit is taken first, and given when the engine that had it has confirmed that it is free.
    """
    goals = divide(total, [part.wanted for part in parts], turn)
    changed = set()
    for number, (part, goal) in enumerate(zip(parts, goals, strict=True)):
        if goal < part.cap:
            part.cap, part.told = goal, part.told + 1
            changed.add(number)
    free = total - sum(part.held for part in parts)
    for number, (part, goal) in enumerate(zip(parts, goals, strict=True)):
        given = min(goal - part.cap, free) if goal >= part.held else 0
        if given > 0:
            part.cap += given
            free -= max(0, part.cap - part.held)
            part.held = max(part.held, part.cap)
            part.told += 1
            changed.add(number)
    return sorted(changed)
