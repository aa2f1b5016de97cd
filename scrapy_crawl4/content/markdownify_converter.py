"""markdownify as the writer: the same mended tree, taken apart further for what markdownify does not know.

Imported only where it is asked for; markdownify is optional.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from markdownify import MarkdownConverter as Markdownify
from turbohtml import Element, Text

from ..exceptions import UnsupportedOption
from .converters import MarkdownConverter
from .markdown_options import changes_style
from .names import names

if TYPE_CHECKING:
    from bs4 import Tag
    from turbohtml import Node

    from .markdown_options import MarkdownStyle

_Base: Any = Markdownify

_ABLE: Final = names(
    "ignore_links ignore_anchors ignore_images images_to_alt ignore_emphasis ignore_tables body_width "
    "default_image_alt ul_item_mark skip_internal_links ignore_mailto_links include_sup_sub images_with_size "
    "handle_code_in_pre protect_links preserve_tags baseurl use_automatic_links "
    "escape_backslash escape_dot escape_plus escape_dash"
)
_BLOCKS = names(
    "address aside details dialog fieldset figcaption figure footer form header hgroup legend main nav summary dl dd"
)
# markdownify reads a run of white space again from each of its characters.
_LONG_SPACE = re.compile(r"(?<![ \t\r\n])[ \t\r\n]{1000,}+")
_MOST_DIGITS = 9
_EMPHASIS = names("b strong i em s del strike")
_TABLE_PARTS = ("table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption")
_PUNCTUATION = re.compile(r"[^\w\s]")
_NEEDS_ANGLES = re.compile(r"[\s()<>]")
_CODE_LINES = re.compile(r"(`{3,})[^\n]*\n(.*)\n\1\s*", re.DOTALL)


class MarkdownifyConverter(MarkdownConverter):
    """Writes with markdownify.

    It is many times slower than the default one, and does not know about loose lists or lists that follow each other.
    """

    def check(self, style: MarkdownStyle) -> None:
        """Refuse the options that only the default converter can honour.

        :raises UnsupportedOption: naming the option.
        """
        for name, value in style.options.items():
            if name not in _ABLE and changes_style(name, value):
                raise UnsupportedOption(
                    f"The markdown option {name}={value!r} is not available with the converter 'markdownify'; "
                    "leave it out, or use the converter 'turbohtml'"
                )

    def write(self, root: Node, style: MarkdownStyle) -> str:
        """The markdown of *root*, which stays as it is.

        :raises ValueError: *root* is nested too deeply for markdownify.
        """
        copy = deepcopy(root)
        _adapt(copy, style)
        try:
            return str(_Writer(style).convert(_LONG_SPACE.sub("\n", copy.html))).strip()
        except RecursionError:
            raise ValueError(
                "The page is nested too deeply for markdownify; use the converter 'turbohtml', which has no such limit"
            ) from None


def _adapt(root: Node, style: MarkdownStyle) -> None:
    """Name elements as markdownify knows them, and leave out what *style* leaves out."""
    for element in list(root.iter_elements(_BLOCKS)):
        element.tag = "div"
    for term in root.find_all("dt"):
        term.tag = "p"
    for pre in root.find_all("pre"):
        _flatten(pre)
    for nested in root.select("ul > ul,ul > ol,ol > ul,ol > ol"):
        _into_item(nested)
    _open_tables(root)
    _leave_out(root, style)


def _open_tables(root: Node) -> None:
    """Captions stand before, and rows in the table itself: the first one of each part would be taken for a header."""
    for caption in root.find_all("caption"):
        table = caption.closest("table")
        if table is not None and table.parent is not None:
            caption.tag = "div"
            table.insert_before(caption)
    root.strip_tags("thead,tbody,tfoot")


def _leave_out(root: Node, style: MarkdownStyle) -> None:
    if style.writer.links.ignore:
        root.strip_tags("a")
    if style.drops_images:
        root.remove("img")
    if style.writer.inline.ignore_emphasis:
        root.strip_tags(",".join(_EMPHASIS))
    if style.writer.tables.mode == "strip":
        for element in list(root.iter_elements(_TABLE_PARTS)):
            element.tag = "div"


def _flatten(pre: Element) -> None:
    """Lines of code that elements make become lines of text."""
    written = _CODE_LINES.fullmatch(pre.to_markdown().strip("\n"))
    if written and len(pre) > 0:
        code = Element("code", None, [Text(written[2])])
        pre.clear()
        pre.append(code)


def _into_item(nested: Element) -> None:
    """A list that is a child of a list belongs to the item before."""
    before = nested.previous_sibling
    while isinstance(before, Text) and not before.data.strip():
        before = before.previous_sibling
    if isinstance(before, Element) and before.tag == "li":
        before.append(nested)
    else:
        nested.wrap(Element("li"))


class _Writer(_Base):  # type: ignore[misc]  # its stubs know only the constructor and convert()
    """markdownify with escaping, addresses, cells and numbers that CommonMark reads back."""

    def __init__(self, style: MarkdownStyle) -> None:
        self._style = style
        self._numbers: dict[int, dict[int, int]] = {}
        super().__init__(
            heading_style="ATX",
            bullets=style.writer.lists.bullets,
            escape_misc=True,
            autolinks=style.writer.links.autolink,
            wrap=bool(style.writer.wrapping.width),
            wrap_width=style.writer.wrapping.width or None,
            keep_inline_images_in=["td", "th", "a", "h1", "h2", "h3", "h4", "h5", "h6", "span", "p", "div"],
            table_infer_header=True,
        )

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A link, its address in angle brackets where it would end early."""
        href, title = _attribute(el, "href"), _attribute(el, "title")
        if "_noformat" in parent_tags or not text.strip() or not href:
            return text
        if self.options["autolinks"] and not title and el.get_text() == href and ":" in href:
            return f"<{href}>"
        return f"{_edge(text, 0)}[{' '.join(text.split())}]({_target(href, title)}){_edge(text, -1)}"

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A picture, in table cells and headings too."""
        alt = _attribute(el, "alt") or self._style.writer.images.default_alt
        described: str = self.escape(" ".join(alt.split()), parent_tags)
        if "td" in parent_tags or "th" in parent_tags:
            described = described.replace("|", "\\|") if "\\|" not in described else described
        if self._style.writer.images.mode == "alt":
            return described
        return f"![{described}]({_target(_attribute(el, 'src'), _attribute(el, 'title'))})"

    def convert_br(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A line break; a cell has it as HTML."""
        if "td" in parent_tags or "th" in parent_tags:
            return "<br>"
        return str(super().convert_br(el, text, parent_tags))

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A cell of one line, in which no bar ends it."""
        line = re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))
        return f" {line} |"

    convert_th = convert_td

    def convert_div(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A block; an empty one still keeps apart what is around it."""
        block = str(super().convert_div(el, text, parent_tags))
        return block or "\n\n"

    def convert_ul(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A list; in a cell it is HTML, since a cell has one line."""
        if "td" in parent_tags or "th" in parent_tags:
            return "".join(str(el).splitlines())
        return str(super().convert_list(el, text, parent_tags))

    convert_ol = convert_ul

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """An item; its number is counted once for all of the list."""
        text = text.strip()
        if not text or "td" in parent_tags or "th" in parent_tags:
            return ""
        parent = el.parent
        bullet = f"{self._number(parent, el)}. " if parent is not None and parent.name == "ol" else "- "
        if bullet == "- ":
            bullet = f"{self.options['bullets'][0]} "
        lines = text.split("\n")
        indented = [f"{' ' * len(bullet)}{line}" if line else "" for line in lines[1:]]
        return "\n".join([bullet + lines[0], *indented]) + "\n"

    def _number(self, parent: Tag, item: Tag) -> int:
        numbers = self._numbers.get(id(parent))
        if numbers is None:
            start = _attribute(parent, "start")
            first = int(start) if start.isdecimal() and len(start) <= _MOST_DIGITS else 1
            items = parent.find_all("li", recursive=False)
            numbers = self._numbers[id(parent)] = {id(one): number for number, one in enumerate(items, first)}
        return numbers.get(id(item), 1)

    def convert_input(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """The box of a task."""
        if _attribute(el, "type").lower() != "checkbox":
            return ""
        return "[x] " if el.has_attr("checked") else "[ ] "

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A fence longer than any in the code, with the language that the class names."""
        code = el.get_text().strip("\n")
        longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
        fence = "`" * (longest + 1)
        language = next((name[9:] for name in el.get("class") or () if name.startswith("language-")), "")
        if "td" in parent_tags or "th" in parent_tags:
            return "<br>".join(f"`{line}`" for line in code.split("\n") if line.strip())
        return f"\n\n{fence}{language}\n{code}\n{fence}\n\n"

    def convert_b(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Strong text."""
        return _emphasis(el, text, parent_tags, "**", "strong")

    def convert_em(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Stressed text."""
        return _emphasis(el, text, parent_tags, "*", "em")

    convert_strong = convert_b
    convert_i = convert_em


def _attribute(el: Tag, name: str) -> str:
    value = el.get(name)
    return value.strip() if isinstance(value, str) else ""


def _target(address: str, title: str) -> str:
    if _NEEDS_ANGLES.search(address):
        address = "<" + address.replace("<", "%3C").replace(">", "%3E").replace("\n", "") + ">"
    about = " ".join(title.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'{address} "{about}"' if about else address


def _edge(text: str, place: int) -> str:
    return " " if text[place].isspace() else ""


def _emphasis(el: Tag, text: str, parent_tags: set[str], mark: str, tag: str) -> str:
    """Emphasis by signs where CommonMark reads them (spec 0.31, 6.2), else by HTML."""
    inner = text.strip()
    if "_noformat" in parent_tags or not inner:
        return text
    before, after = _neighbour(el.previous_sibling, -1), _neighbour(el.next_sibling, 0)
    opens = not (_PUNCTUATION.match(inner[0]) and before.isalnum()) or text[0].isspace()
    closes = not (_PUNCTUATION.match(inner[-1]) and after.isalnum()) or text[-1].isspace()
    nested = inner.startswith("*") or inner.endswith("*") or before == "*" or after == "*"
    body = f"{mark}{inner}{mark}" if opens and closes and not nested else f"<{tag}>{inner}</{tag}>"
    return f"{_edge(text, 0)}{body}{_edge(text, -1)}"


def _neighbour(sibling: object, place: int) -> str:
    if sibling is None:
        return " "
    name = getattr(sibling, "name", None)
    if name in _EMPHASIS:
        return "*"
    text = "" if name is not None else str(sibling)
    return text[place] if text else " "
