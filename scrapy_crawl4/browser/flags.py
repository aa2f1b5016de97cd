"""Options of Chromium's command line, mode by mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..config import BrowserConfig

TEXT = ("--blink-settings=imagesEnabled=false", "--disable-remote-fonts")
LIGHT = (
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-extensions",
    "--disable-renderer-backgrounding",
    "--disable-software-rasterizer",
    "--metrics-recording-only",
    "--mute-audio",
)
"""What a page that nobody looks at can do without."""
SAVING = (
    "--aggressive-cache-discard",
    "--disable-site-isolation-trials",
    "--disk-cache-size=1048576",
    "--media-cache-size=1048576",
)
"""Little in caches, and one process for all frames of a page."""
DISCREET = ("--disable-blink-features=AutomationControlled", "--disable-site-isolation-trials")
"""No ``navigator.webdriver``; frames in the page's own process say what the page says."""
ENGINE = "--js-flags="


def flags_of(config: BrowserConfig) -> tuple[str, ...]:
    """Return the options that the modes of *config* stand for, and behind them its own."""
    modes = (
        (config.text_mode, TEXT),
        (config.light_mode, LIGHT),
        (config.memory_saving_mode, SAVING),
        (config.enable_stealth, DISCREET),
    )
    flags = [flag for is_on, mode in modes if is_on for flag in mode]
    engine = ["--max-lazy"] * config.light_mode + ["--max-old-space-size=512"] * config.memory_saving_mode
    if engine:  # in one option: of several of the same name, only the last one counts
        flags.append(ENGINE + " ".join(engine))
    return (*dict.fromkeys(flags), *(config.extra_args or ()))
