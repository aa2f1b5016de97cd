"""Tables in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .figures import Rounds, Spread
    from .starting import Start
    from .workloads import Workload

NOTHING = ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; all columns but the first have numbers."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def number(value: float) -> str:
    """Return *value* with three digits that matter, and none behind a point that do not."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def told(found: Spread | None, with_spread: bool = True) -> str:
    if found is None:
        return NOTHING
    if not with_spread or found.rounds == 1:
        return number(found.median)
    return f"{number(found.median)} ({number(found.least)} to {number(found.most)})"


def workload_table(workload: Workload, done: Mapping[str, Rounds]) -> str:
    """Return the medians of all contestants of *workload*, and the ratio of ours by each."""
    ours = done.get(workload.contestants[0].name)
    extra = [name for name in workload.shown if name.endswith("_ms")]
    head = ["", "pages/s", "ours by theirs", "whole process, pages/s", "CPU ms/page", "peak MB", "first result, ms"]
    rows = []
    for name, rounds in done.items():
        ratio = NOTHING if ours is None or rounds is ours else told(ours.ratio(rounds, "speed"))
        figures = [told(rounds.figure(each), with_spread=False) for each in ("whole", "cpu", "peak", "first")]
        more = [told(rounds.figure(each)) for each in extra]
        rows.append([name, told(rounds.figure("speed")), ratio, *figures, *more])
    return table([*head, *(workload.shown[each] for each in extra)], rows)


def start_table(start: Start) -> str:
    """Return the time of imports, and the sizes of environments."""
    imports = table(["", "ms"], ([f"`{statement}`", told(taken)] for statement, taken in start.imports.items()))
    sizes = table(["installed packages", "MB"], ([name, number(size)] for name, size in start.installed.items()))
    return f"{imports}\n{sizes}"
