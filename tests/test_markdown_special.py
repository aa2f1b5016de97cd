"""Formulas, diagrams, footnotes, the options of html2text beyond the common ones, converters."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.config import Crawl4Settings, CrawlerRunConfig
from scrapy_crawl4.content import DefaultMarkdownGenerator, PruningContentFilter, extract_page
from scrapy_crawl4.content.converters import MarkdownConverter
from scrapy_crawl4.content.markdown import with_converter
from scrapy_crawl4.content.markdown_marks import mark, unmark, unmark_html
from scrapy_crawl4.exceptions import UnsupportedOption

URL = "https://example.org/dir/page.html"


def page(html: str, **options):
    generator = options.pop("generator", None) or DefaultMarkdownGenerator(**options)
    content = extract_page(html, url=URL, config=CrawlerRunConfig(markdown_generator=generator))
    assert content.stage_errors == {}
    return content


def written(html: str, **options) -> str:
    return str(page(html, **options).markdown)


WIKIPEDIA = (
    '<span class="mwe-math-element"><span style="display: none"><math>%s</math></span>'
    '<img src="f.svg" class="mwe-math-fallback-image-inline"></span>'
)
TEX = r"\frac{a_1}{b} * c^*"
MATHML = f'<semantics><mi>x</mi><annotation encoding="application/x-tex">{TEX}</annotation></semantics>'


@pytest.mark.parametrize("converter", ["turbohtml", "markdownify"])
@pytest.mark.parametrize(
    ("html", "mark"),
    [
        (f"<math>{MATHML}</math>", "$"),
        (f'<math display="block">{MATHML}</math>', "$$"),
        (f'<math alttext="{TEX}"><mi>x</mi></math>', "$"),
        (f'<span class="katex"><span class="katex-mathml"><math>{MATHML}</math></span><span>seen</span></span>', "$"),
        (f'<span class="katex-display"><span class="katex"><math>{MATHML}</math><i>seen</i></span></span>', "$$"),
        (f'<i class="MathJax_Preview"></i><i class="MathJax">s</i><script type="math/tex">{TEX}</script>', "$"),
        (f'<script type="math/tex; mode=display">{TEX}</script>', "$$"),
        (f'<mjx-container><mjx-math data-latex="{TEX}">seen</mjx-math></mjx-container>', "$"),
        (WIKIPEDIA % MATHML, "$"),
        (f'<img src="f.svg" class="mwe-math-fallback-image-inline" alt="{{\\displaystyle {TEX}}}">', "$"),
        (f'<img src="f.png" class="latex" alt="${TEX}$">', "$"),
        (f"${TEX}$", "$"),
        (f"$${TEX}$$", "$$"),
        (f"\\({TEX}\\)", "$"),
        (f"\\[{TEX}\\]", "$$"),
    ],
)  # fmt: skip
def test_formulas_are_kept_as_tex(html, mark, converter):
    assert written(f"<p>before {html} after</p>", converter=converter) == f"before {mark}{TEX}{mark} after"


def test_formulas_in_cleaned_html_tables_and_fit_html():
    assert f"<math>${TEX}$</math>" in page(f"<p>a <math>{MATHML}</math></p>").cleaned_html
    assert written(r"<table><tr><th>a<tr><td>\(|x|\)</table>").endswith(r"| $\|x\|$ |")
    long = f"<p>{'A sentence of some words that says a thing. ' * 20} <math>{MATHML}</math></p>"
    content = page(long, content_filter=PruningContentFilter())
    assert f"${TEX}$" in content.markdown.fit_markdown
    assert f"<math>${TEX}$</math>" in content.fit_html


@pytest.mark.parametrize("text", ["$5 and $6", "it costs $5, not $6_000", "<code>$a_b$ \\(x\\)</code>", "US$ a_b $"])
def test_prices_and_code_are_no_formulas(text):
    assert "<math>" not in page(f"<p>{text}</p>").cleaned_html
    assert written(f"<p>{text} _x_</p>").endswith("\\_x\\_")


def test_diagrams():
    source = "graph TD\n  A[Start] --> B"
    expected = f"```mermaid\n{source}\n```"
    for html in (f'<pre class="mermaid">{source}</pre>', f'<div class="mermaid">{source}</div>',
                 f'<pre><code class="language-mermaid">{source}</code></pre>'):  # fmt: skip
        assert written(html) == expected
    drawn = (
        '<svg id="mermaid-1" aria-roledescription="flowchart"><foreignObject><span class="nodeLabel">Start</span>'
        '</foreignObject><foreignObject><span class="nodeLabel">End</span></foreignObject></svg>'
    )
    assert written(drawn) == "```mermaid\n%% flowchart\nStart\nEnd\n```"
    assert written("<p>a</p><svg><text>icon</text></svg>") == "a"


NOTE = "[^1]: A note of words.\n\n    More of it."
FOOTNOTES = {
    "kramdown": """<p>Text<sup id="fnref:1"><a href="#fn:1" class="footnote-ref">1</a></sup>.</p><ol><li id="fn:1">
        <p>A note of words. <a href="#fnref:1">↩</a></p><p>More of it.</p></li></ol>""",
    "pandoc": """<p>Text<a href="#fn1" class="footnote-ref" id="fnref1"><sup>1</sup></a>.</p><ol><li id="fn1">
        <p>A note of words.</p><p>More of it.<a href="#fnref1">↩︎</a></p></li></ol>""",
    "GitHub": """<p>Text<sup><a href="#user-content-fn-1" id="user-content-fnref-1">1</a></sup>.</p><ol>
        <li id="user-content-fn-1"><p>A note of words.</p><p>More of it.
        <a href="#user-content-fnref-1">↩</a></p></ol>""",
    "Sphinx": """<p>Text<a class="footnote-reference brackets" href="#id2" id="id1">1</a>.</p><aside id="id2">
        <span class="label">[<a href="#id1">1</a>]</span><p>A note of words.</p><p>More of it.</p></aside>""",
}


@pytest.mark.parametrize("converter", ["turbohtml", "markdownify"])
@pytest.mark.parametrize("html", FOOTNOTES.values(), ids=FOOTNOTES)
def test_footnotes(html, converter):
    assert written(html, converter=converter).split("\n\n", 1) == ["Text[^1].", NOTE]


def test_links_that_are_no_footnotes():
    html = (
        '<p>See <a href="#s2">2</a> and <sup><a href="#gone">1</a></sup> <a href="#fn1">note</a></p><h2 id="s2">x</h2>'
    )
    assert "[^" not in written(html)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10<sup>6</sup> m<sup>2</sup>", "10<sup>6</sup> m<sup>2</sup>"),
        ("word<sup>1</sup> 1<sup>st</sup>", "word1 1st"),
    ],
)
def test_powers_are_not_digits(text, expected):
    assert written(f"<p>{text}</p>") == expected
    assert written(f"<p>{text}</p>", options={"include_sup_sub": False}) == expected.replace("<sup>", "").replace(
        "</sup>", ""
    )


LINKS = '<p>x <a href="/a" title="T">t</a></p><p>y <a href="/b">u</a></p>'


@pytest.mark.parametrize(
    ("options", "html", "expected"),
    [
        ({"protect_links": True}, LINKS, 'x [t](<https://example.org/a> "T")\n\ny [u](<https://example.org/b>)'),
        (
            {"inline_links": False, "links_each_paragraph": True},
            LINKS,
            'x [t][1]\n\n[1]: https://example.org/a "T"\n\ny [u][2]\n\n[2]: https://example.org/b',
        ),
        (
            {"images_with_size": True},
            '<p><img src="i.png" alt="A" width=10></p>',
            '<img src="https://example.org/dir/i.png" width="10" alt="A">',
        ),
        ({"ignore_anchors": True}, LINKS, "x t\n\ny u"),
        ({"escape_dot": False, "escape_plus": False}, "<p>1. a</p><p>+ b</p>", "1. a\n\n+ b"),
        ({"escape_dash": False}, "<p>- c</p>", "- c"),
        ({"escape_dot": True}, "<p>1. a</p>", "1\\. a"),
        ({"escape_dot": False}, "<pre>1\\. a</pre>", "```\n1\\. a\n```"),
        ({"escape_backslash": False}, "<p>C:\\dir</p>", "C:\\dir"),
        ({"handle_code_in_pre": True}, "<pre><code>x</code></pre>", "```\n`x`\n```"),
        ({"preserve_tags": ["u"]}, "<p>a <u>b <b>c</b></u></p>", "a <u>b <b>c</b></u>"),
        (
            {"preserve_tags": ["table"]},
            "<p>a</p><table><tr><td colspan=2>x</table>",
            'a\n\n<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>',
        ),
    ],
)  # fmt: skip
def test_more_options_of_html2text(options, html, expected):
    assert written(html, options=options) == expected


def test_baseurl_is_for_links_that_the_page_cannot_resolve():
    generator = DefaultMarkdownGenerator(options={"baseurl": "https://example.net/d/"})
    content = extract_page("<a href=x>l</a>", url="", config=CrawlerRunConfig(markdown_generator=generator))
    assert str(content.markdown) == "[l](https://example.net/d/x)"
    assert generator.generate_markdown("<a href=x>l</a>", URL) == "[l](https://example.net/d/x)"


@pytest.mark.parametrize("option", [{"preserve_tags": "b"}, {"preserve_tags": [1]}, {"baseurl": 1}])
def test_options_of_other_types(option):
    with pytest.raises(TypeError, match=f"markdown option {next(iter(option))} must"):
        DefaultMarkdownGenerator(options=option)


# marks


@given(st.text(), st.text(alphabet="ab| $"))
def test_marked_text_comes_through(text, around):
    assert unmark(f"{around}{mark(text)}{around}") == f"{around}{text}{around}"
    assert "<" not in unmark_html(mark(text))


# converters


class Upper(MarkdownConverter):
    def write(self, root, style):
        return root.text.strip().upper()


def test_a_converter_of_ones_own():
    assert written("<p>abc</p>", converter=Upper()) == "ABC"


def test_converters_are_checked():
    with pytest.raises(ValueError, match="converter must be one of turbohtml, markdownify"):
        DefaultMarkdownGenerator(converter="pandoc")


@pytest.mark.parametrize("option", ["mark_code", "unicode_snob", "inline_links", "escape_html", "wrap_links"])
def test_options_that_markdownify_can_only_have_on(option):
    assert DefaultMarkdownGenerator(options={option: True}, converter="markdownify")
    with pytest.raises(UnsupportedOption, match=f"{option}=False is not available with the converter 'markdownify'"):
        DefaultMarkdownGenerator(options={option: False}, converter="markdownify")


@pytest.mark.parametrize(
    ("option", "default", "other"),
    [("pad_tables", False, True), ("google_list_indent", 36, 0), ("strong_mark", "**", "__"), ("open_quote", '"', "")],
)
def test_options_that_markdownify_can_only_have_as_they_are(option, default, other):
    assert DefaultMarkdownGenerator(options={option: default}, converter="markdownify")
    with pytest.raises(UnsupportedOption, match=f"{option}={other!r} is not available with"):
        DefaultMarkdownGenerator(options={option: other}, converter="markdownify")


def test_the_converter_of_the_settings():
    config = CrawlerRunConfig()
    assert with_converter(config, "turbohtml") is config
    assert with_converter(config, "markdownify").markdown_generator.converter == "markdownify"
    own = CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(converter="turbohtml"))
    assert with_converter(own, "markdownify") is own
    options = CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(options={"ignore_links": True}))
    assert with_converter(options, "markdownify").markdown_generator.options == {"ignore_links": True}
    assert (
        Crawl4Settings.from_settings({"CRAWL4_MARKDOWN_CONVERTER": "markdownify"}).markdown_converter == "markdownify"
    )


def test_markdownify_is_loaded_only_where_it_is_asked_for():
    code = (
        "import sys; from scrapy_crawl4 import process; assert process('<p>x').markdown == 'x';"
        "assert 'markdownify' not in sys.modules and 'bs4' not in sys.modules;"
        "sys.modules['markdownify'] = None;"
        "from scrapy_crawl4 import DefaultMarkdownGenerator;"
        "DefaultMarkdownGenerator(converter='markdownify')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError: The converter 'markdownify' needs the package markdownify" in run.stderr


@pytest.mark.parametrize("converter", ["turbohtml", "markdownify"])
def test_generators_with_converters_pickle(converter):
    generator = pickle.loads(pickle.dumps(DefaultMarkdownGenerator(converter=converter)))
    assert generator.generate_markdown("<p>a<b>b</b></p>") == "a**b**"
