"""The page with all tables, and its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .svg import Bar, Panel, picture
from .table import start_table, workload_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from .figures import Rounds
    from .requirements import Requirement
    from .starting import Start
    from .workloads import Workload

ABOUT = """\
`benchmarks/compare.py` wrote this page. Figures are medians of the rounds, in brackets the least and the most. Pages
per second count from the first call of a library to its last result, what it starts on the way included; those of the
whole process include the start of Python and the imports. CPU is that of all processes of a contestant; memory is the
sum of their proportional set sizes, ten looks a second, without the server. Ratios are those of single rounds, of which
the median is taken. Pages of the corpus are served without their XML declaration, since crawl4ai makes an error message
of a page that has one. crawl4ai returns all results together, since its dispatcher by number of sessions has no stream.
"""


def panels(workload: Workload, done: Mapping[str, Rounds]) -> list[Panel]:
    """Return a panel for each figure that is shown."""
    found = []
    for figure, title in workload.shown.items():
        bars = [
            Bar(name, spread, name.startswith("scrapy-crawl4") or "with the add-on" in name)
            for name, rounds in done.items()
            if (spread := rounds.figure(figure))
        ]
        found.append(Panel(title, bars))
    return [panel for panel in found if panel.bars]


def section(workload: Workload, done: Mapping[str, Rounds], notes: Sequence[str], pages: int) -> str:
    """Return the section of *workload*, below its title."""
    told = f"{pages:,} pages, {workload.sessions} at a time.\n\n{workload_table(workload, done)}"
    return told + "".join(f"\n{note}\n" for note in notes)


def start_section(start: Start, rounds: int) -> str:
    return f"Each import in {rounds} fresh processes, without the start of Python.\n\n{start_table(start)}"


def page(
    about: Iterable[str],
    versions: Iterable[str],
    sections: Mapping[str, tuple[str, str | None]],
    held: Iterable[Requirement],
) -> str:
    """Return the whole page.

    :param sections: title to text and the name of a picture, if there is one.
    """
    parts = ["# Results\n", ABOUT, bullets([*about, *versions])]
    for title, (text, plot) in sections.items():
        parts.append(f"## {title}\n")
        parts.append(text)
        if plot:
            parts.append(f"![{title}; the table says the same in numbers.]({plot})\n")
    parts += ["## What must hold\n", bullets(str(each) for each in held)]
    return "\n".join(parts)


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) + "\n"


def write_pictures(folder: Path, workload: Workload, done: Mapping[str, Rounds]) -> str | None:
    """Write the picture of *workload* into *folder* and return its name; None where nothing was measured."""
    shown = panels(workload, done)
    if not shown:
        return None
    name = f"{workload.name}.svg"
    (folder / name).write_text(picture(workload.title, shown), encoding="utf-8")
    return name
