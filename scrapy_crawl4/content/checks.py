"""Checks of content options that need the parser; they cost nothing per page and are made before any request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import turbohtml
from turbohtml import SelectorSyntaxError

from ..exceptions import UnsupportedOption
from .scraping import PDFContentScrapingStrategy, WebScrapingStrategy

if TYPE_CHECKING:
    from ..config import CrawlerRunConfig


def check_content_options(config: CrawlerRunConfig) -> None:
    """Check what *config* alone cannot: selectors, and instances of the content classes.

    :raises ValueError: an option has a value that cannot work; the sentence names the option.
    :raises UnsupportedOption: ``scraping_strategy`` is one of your own.
    """
    selectors: dict[str, list[str | None]] = {
        "css_selector": [config.css_selector],
        "excluded_selector": [config.excluded_selector],
        "target_elements": [*(config.target_elements or ())],
        "excluded_tags": [*(config.excluded_tags or ())],
    }
    for name, values in selectors.items():
        for selector in values:
            if selector:
                _check_selector(name, selector)
    check_engine(config)


def check_engine(config: CrawlerRunConfig) -> None:
    """Check that *config* asks for the engine there is.

    :raises UnsupportedOption: ``scraping_strategy`` is one of your own.
    """
    known = {WebScrapingStrategy, PDFContentScrapingStrategy}
    if config.scraping_strategy is not None and type(config.scraping_strategy) not in known:
        raise UnsupportedOption("scraping_strategy can only be None or WebScrapingStrategy(): there is one engine")


def _check_selector(name: str, selector: str) -> None:
    try:
        turbohtml.Element("div").matches(selector)
    except SelectorSyntaxError as error:
        raise ValueError(f"{name} is not valid: {error}") from None
