"""Pictures of a page, tall ones in parts."""

from __future__ import annotations

import asyncio
import logging
import math
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from .png import Joined, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.async_api import CDPSession, Page

logger = logging.getLogger(__name__)

LONGEST_SIDE = 16_384
"""Pixels of a texture in Chromium: what is longer comes out broken or repeated on many machines."""
PART_PIXELS = 2**24
"""Pixels that the browser paints at once: 64 MB."""
MOST_PIXELS = 2**27
"""Pixels of a whole picture, about 124,000 rows of a page that is 1080 wide; what is below is left out."""
EVEN = 100
"""Where a pixel of the page is no whole number of the screen's, parts end where such multiples do."""
RATIOS = (0.1, 10.0)
READY = """async () => {
    await Promise.race([document.fonts.ready, new Promise(done => setTimeout(done, 2000))]);
    return devicePixelRatio;
}"""
"""Waits for the page's fonts, and tells how many pixels of the screen one of the page is."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a page.

    x, y: its corner in CSS pixels, as of the document.
    width, height: in CSS pixels.
    scale: pixels of the picture for one of them.
    """

    x: float
    y: float
    width: float
    height: float
    scale: float = 1.0

    @classmethod
    def of_window(cls, metrics: Mapping[str, Any], scale: float) -> Self:
        """Return what is seen of the page, from what ``Page.getLayoutMetrics`` says."""
        seen = metrics["cssVisualViewport"]
        return cls(seen["pageX"], seen["pageY"], seen["clientWidth"], seen["clientHeight"], scale)

    @classmethod
    def of_page(cls, metrics: Mapping[str, Any], scale: float) -> Self:
        """Return the whole page, as far as a picture can have it."""
        size = metrics["cssContentSize"]
        width = min(size["width"], LONGEST_SIDE // scale)
        tallest = MOST_PIXELS // (width * scale * scale)
        return cls(size["x"], size["y"], width, min(size["height"], tallest), scale)

    def parts(self, highest: int) -> Iterator[Area]:
        """Yield it in parts from top to bottom, each at most *highest* CSS pixels high, and not too much at once."""
        most = min(LONGEST_SIDE // self.scale, PART_PIXELS // (self.width * self.scale**2), highest)
        step = max(1, int(most))
        if self.scale != int(self.scale) and step > EVEN:
            step -= step % EVEN
        for number in range(math.ceil(self.height / step)):
            below = number * step
            yield replace(self, y=self.y + below, height=min(step, self.height - below))

    @property
    def clip(self) -> dict[str, float]:
        """The same in words of the protocol."""
        return {"x": self.x, "y": self.y, "width": self.width, "height": self.height, "scale": self.scale}


async def screenshot(page: Page, session: CDPSession, highest: int) -> str:
    """Return a picture of the whole page, PNG in base64.

    The page is not scrolled: what has a fixed place in the window is in the picture once. A page of more than
    ``MOST_PIXELS`` is cut off below, with a warning in the log.

    :param highest: CSS pixels that are taken at a time.
    """
    scale = await _scale(page)
    metrics = await session.send("Page.getLayoutMetrics")
    whole = Area.of_page(metrics, scale)
    if whole.height < metrics["cssContentSize"]["height"]:
        logger.warning("A page is too tall for a screenshot, which ends at %d pixels: %s", whole.height, page.url)
    seen = Area.of_window(metrics, scale)
    if (seen.width, seen.height) == (whole.width, whole.height):
        return await _shot(session, whole, beyond=False)
    parts = list(whole.parts(highest))
    if len(parts) == 1:
        return await _shot(session, whole, beyond=True)
    return b64encode(await _joined(session, parts)).decode("ascii")


async def window_screenshot(page: Page, session: CDPSession) -> str:
    """Return a picture of what is seen of the page where it is scrolled to, PNG in base64."""
    scale = await _scale(page)
    return await _shot(session, Area.of_window(await session.send("Page.getLayoutMetrics"), scale), beyond=False)


async def _scale(page: Page) -> float:
    told = await page.evaluate(READY)  # the page may say anything
    if isinstance(told, int | float) and RATIOS[0] <= told <= RATIOS[1]:
        return float(told)
    return 1.0


async def _joined(session: CDPSession, parts: list[Area]) -> bytes:
    joined: Joined | None = None
    for area in parts:
        rows = Rows(b64decode(await _shot(session, area, beyond=True)))
        joined = joined or Joined(rows)
        for _ in joined.add(rows):
            await asyncio.sleep(0)  # others have their turn
    assert joined is not None
    return joined.png()


async def _shot(session: CDPSession, area: Area, *, beyond: bool) -> str:
    options = {"format": "png", "clip": area.clip, "captureBeyondViewport": beyond}
    return str((await session.send("Page.captureScreenshot", options))["data"])
