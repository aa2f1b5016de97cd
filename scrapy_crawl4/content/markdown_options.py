"""crawl4ai's markdown options (those of html2text), mapped onto what turbohtml's writer can do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from turbohtml import Markdown

from ..exceptions import UnsupportedOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from turbohtml import Element


def _sub(_element: Element, text: str) -> str:
    return f"<sub>{text}</sub>"


def _sup(_element: Element, text: str) -> str:
    return f"<sup>{text}</sup>"


_SUB_SUP = {"sub": _sub, "sup": _sup}

# option -> {value: (group, field, setting)}; None as setting: the writer does that anyway.
_SWITCHES: dict[str, dict[bool, tuple[str, str, Any] | None]] = {
    "ignore_links": {False: None, True: ("links", "ignore", True)},
    "ignore_images": {False: None, True: ("images", "mode", "ignore")},
    "ignore_emphasis": {False: None, True: ("inline", "ignore_emphasis", True)},
    "ignore_tables": {False: None, True: ("tables", "mode", "strip")},
    "bypass_tables": {False: None, True: ("tables", "mode", "html")},
    "pad_tables": {False: None, True: ("tables", "pad", True)},
    "images_to_alt": {False: None, True: ("images", "mode", "alt")},
    "images_as_html": {False: None, True: ("images", "mode", "html")},
    "protect_links": {False: None, True: ("wrapping", "links", False)},
    "wrap_links": {True: None, False: ("wrapping", "links", False)},
    "wrap_list_items": {False: None, True: ("wrapping", "list_items", True)},
    "single_line_break": {False: None, True: ("document", "block_spacing", "single")},
    "mark_code": {True: None, False: ("code", "block_style", "indented")},
    "escape_html": {True: None, False: ("escaping", "mode", "none")},
    "escape_snob": {False: None, True: ("escaping", "mode", "all")},
    "unicode_snob": {True: None, False: ("document", "transliterate", True)},
    "use_automatic_links": {True: None, False: ("links", "autolink", False)},
    "inline_links": {True: None, False: ("links", "style", "reference")},
    "hide_strikethrough": {False: None, True: ("inline", "strikethrough", "hide")},
    "google_doc": {False: None, True: ("google", "enabled", True)},
    "handle_code_in_pre": {False: None},
    "links_each_paragraph": {False: None},
    "images_with_size": {False: None},
    "wrap_tables": {False: None},
}
_VALUES: dict[str, tuple[str, str, type]] = {
    "body_width": ("wrapping", "width", int),
    "default_image_alt": ("images", "default_alt", str),
    "ul_item_mark": ("lists", "bullets", str),
    "emphasis_mark": ("inline", "emphasis", str),
    "strong_mark": ("inline", "strong", str),
    "open_quote": ("inline", "quote_open", str),
    "close_quote": ("inline", "quote_close", str),
    "google_list_indent": ("google", "list_indent", int),
}
_ON_TREE = ("skip_internal_links", "ignore_mailto_links", "include_sup_sub")
_REFUSED = (
    "preserve_tags",
    "escape_backslash",
    "escape_dot",
    "escape_plus",
    "escape_dash",
    "ignore_anchors",
    "baseurl",
)
_KNOWN = (*_SWITCHES, *_VALUES, *_ON_TREE, *_REFUSED)


@dataclass(frozen=True, slots=True)
class MarkdownStyle:
    """How markdown is written: the writer's own configuration, and what is done on the tree before."""

    writer: Markdown
    skip_internal_links: bool = False
    ignore_mailto_links: bool = False


def markdown_style(options: Mapping[str, Any]) -> MarkdownStyle:
    """The style that *options* ask for.

    :raises TypeError: an option is unknown or has the wrong type.
    :raises UnsupportedOption: an option of html2text that has no equivalent here.
    """
    groups: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        _set(groups, name, value)
    default = Markdown()
    parts = {group: replace(getattr(default, group), **settings) for group, settings in groups.items()}
    return MarkdownStyle(
        Markdown(**parts, converters=_SUB_SUP if options.get("include_sup_sub") else None),
        skip_internal_links=bool(options.get("skip_internal_links")),
        ignore_mailto_links=bool(options.get("ignore_mailto_links")),
    )


def _set(groups: dict[str, dict[str, Any]], name: str, value: Any) -> None:
    if name in _VALUES:
        group, attribute, kind = _VALUES[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"The markdown option {name} must be of type {kind.__name__}, got {value!r}")
        if isinstance(value, int) and value < 0:
            raise ValueError(f"The markdown option {name} must not be negative, got {value}")
        groups.setdefault(group, {})[attribute] = value
        return
    if name in _REFUSED:
        raise UnsupportedOption(f"The markdown option {name} is not available; leave it out")
    if name not in _KNOWN:
        raise TypeError(f"{name!r} is not a markdown option{_hint(name)}")
    if not isinstance(value, bool):
        raise TypeError(f"The markdown option {name} must be True or False, got {value!r}")
    if name in _SWITCHES:
        if value not in _SWITCHES[name]:
            raise UnsupportedOption(f"The markdown option {name}={value} is not available; leave it out")
        setting = _SWITCHES[name][value]
        if setting is not None:
            groups.setdefault(setting[0], {})[setting[1]] = setting[2]


def _hint(name: str) -> str:
    close = get_close_matches(name, _KNOWN, n=1)
    return f"; did you mean {close[0]}?" if close else ""
