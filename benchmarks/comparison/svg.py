"""Bars as a picture that browsers show, light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .figures import Spread

WIDTH = 900
NAMES = 300
"""Where the bars begin."""
VALUES = 90
"""Room behind the longest bar."""
ROW = 30
TOP = 44
STYLE = """<style>
  text { font: 14px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .paper { fill: #ffffff; }
  .bar { fill: #a5c8f5; }
  .ours { fill: #2f6fd0; }
  .spread { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .paper { fill: #0d1117; }
    .bar { fill: #2b4568; }
    .ours { fill: #5b9bf5; }
    .spread { stroke: #f0f6fc; }
  }
</style>"""


@dataclass(frozen=True)
class Bar:
    """A figure with its name; ours is drawn stronger."""

    name: str
    figure: Spread
    ours: bool = False


@dataclass(frozen=True)
class Panel:
    """Bars with one scale."""

    title: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        return TOP + ROW * len(self.bars)


def picture(title: str, panels: Sequence[Panel]) -> str:
    """Return *panels*, one below the other, as SVG: medians, and lines from the least to the most."""
    height = sum(panel.height for panel in panels) + 16
    said = " ".join(f"{panel.title}: {', '.join(_said(bar) for bar in panel.bars)}." for panel in panels)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(said)}</desc>',
        STYLE,
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="8"/>',
    ]
    top = 0
    for panel in panels:
        lines += _panel(panel, top)
        top += panel.height
    return "\n".join([*lines, "</svg>"]) + "\n"


def _said(bar: Bar) -> str:
    return f"{bar.name} {bar.figure.median:,.4g}"


def _panel(panel: Panel, top: int) -> Iterator[str]:
    longest = max((bar.figure.most for bar in panel.bars), default=0) or 1
    scale = (WIDTH - NAMES - VALUES) / longest
    yield f'<text class="title" x="24" y="{top + 30}">{escape(panel.title)}</text>'
    for index, bar in enumerate(panel.bars):
        middle = top + TOP + ROW * index + ROW // 2
        length, least, most = (
            round(value * scale, 1) for value in (bar.figure.median, bar.figure.least, bar.figure.most)
        )
        kind = "ours" if bar.ours else "bar"
        yield f'<text x="{NAMES - 12}" y="{middle + 5}" text-anchor="end">{escape(bar.name)}</text>'
        yield f'<rect class="{kind}" x="{NAMES}" y="{middle - 10}" width="{length}" height="20" rx="2"/>'
        yield f'<path class="spread" d="M{NAMES + least} {middle}H{NAMES + most}"/>'
        yield f'<text x="{NAMES + most + 8:.1f}" y="{middle + 5}">{bar.figure.median:,.4g}</text>'
