"""crawl4ai's markdown options (those of html2text), mapped onto what turbohtml's writer can do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from turbohtml import Markdown

from ..exceptions import UnsupportedOption

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    "ignore_anchors": {False: None, True: ("links", "ignore", True)},
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
# Switches that change the tree or the text.
_OWN = (
    "skip_internal_links",
    "ignore_mailto_links",
    "include_sup_sub",
    "images_with_size",
    "handle_code_in_pre",
    "links_each_paragraph",
)
_ESCAPES = ("escape_backslash", "escape_dot", "escape_plus", "escape_dash")
_KNOWN = (*_SWITCHES, *_VALUES, *_OWN, *_ESCAPES, "preserve_tags", "baseurl")


@dataclass(frozen=True, slots=True)
class MarkdownStyle:
    """How markdown is written: the writer's configuration, what is done on the tree before and on the text after."""

    writer: Markdown
    changed_writer: Markdown | None
    """The same, or None where nothing differs from the writer's defaults: it reads them anew for each page."""
    options: Mapping[str, Any]
    """The options themselves, for converters other than the default one."""
    skip_internal_links: bool = False
    ignore_mailto_links: bool = False
    images_with_size: bool = False
    handle_code_in_pre: bool = False
    links_each_paragraph: bool = False
    protect_links: bool = False
    include_sup_sub: bool | None = None
    """None: only where the text would say something else without."""
    preserve_tags: frozenset[str] = frozenset()
    lays_out_tables: bool = True
    drops_images: bool = False
    base_url: str = ""
    """What relative links resolve against that the page's own address does not make absolute."""
    unescaped: tuple[str, ...] = ()
    """Names of the ``escape_`` options that are off."""


def markdown_style(options: Mapping[str, Any]) -> MarkdownStyle:
    """The style that *options* ask for.

    :raises TypeError: an option is unknown or has the wrong type.
    :raises UnsupportedOption: an option of html2text that has no equivalent here.
    """
    groups: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        if name not in {"preserve_tags", "baseurl"}:
            _set(groups, name, value)
    default = Markdown()
    parts = {group: replace(getattr(default, group), **settings) for group, settings in groups.items()}
    preserved = _tags(options.get("preserve_tags", ()))
    writer = Markdown(**parts)
    return MarkdownStyle(
        writer,
        writer if writer != default else None,
        dict(options),
        skip_internal_links=bool(options.get("skip_internal_links")),
        ignore_mailto_links=bool(options.get("ignore_mailto_links")),
        images_with_size=bool(options.get("images_with_size")),
        handle_code_in_pre=bool(options.get("handle_code_in_pre")),
        links_each_paragraph=bool(options.get("links_each_paragraph")),
        protect_links=bool(options.get("protect_links")) and not writer.links.ignore,
        include_sup_sub=options.get("include_sup_sub"),
        preserve_tags=preserved,
        lays_out_tables=writer.tables.mode == "markdown",
        drops_images=writer.images.mode == "ignore",
        base_url=_text("baseurl", options.get("baseurl", "")),
        unescaped=tuple(name for name in _ESCAPES if options.get(name) is False),
    )


def changes_style(name: str, value: Any) -> bool:
    """Whether the option *name*, which is known and of the right type, asks for something else than the default."""
    if name in _VALUES:
        group, attribute, _ = _VALUES[name]
        return bool(value != getattr(getattr(Markdown(), group), attribute))
    if name in _SWITCHES:
        return _SWITCHES[name][value] is not None
    return bool(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"The markdown option {name} must be of type str, got {value!r}")
    return value


def _tags(value: Any) -> frozenset[str]:
    if isinstance(value, str) or not isinstance(value, (list, tuple, set, frozenset)):
        raise TypeError(f"The markdown option preserve_tags must be a list of tag names, got {value!r}")
    if not all(isinstance(name, str) and name for name in value):
        raise TypeError(f"The markdown option preserve_tags must hold tag names, got {value!r}")
    return frozenset(name.lower() for name in value)


def _set(groups: dict[str, dict[str, Any]], name: str, value: Any) -> None:
    if name in _VALUES:
        group, attribute, kind = _VALUES[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"The markdown option {name} must be of type {kind.__name__}, got {value!r}")
        if isinstance(value, int) and value < 0:
            raise ValueError(f"The markdown option {name} must not be negative, got {value}")
        groups.setdefault(group, {})[attribute] = value
        return
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
