"""Markdown: what the writer makes of a page, its options, generators of one's own, filters, citations."""

from __future__ import annotations

import pickle

import pytest

from scrapy_crawl4.config import CrawlerRunConfig
from scrapy_crawl4.content import (
    DefaultMarkdownGenerator,
    MarkdownGenerationStrategy,
    RelevantContentFilter,
    extract_page,
)
from scrapy_crawl4.exceptions import UnsupportedOption
from scrapy_crawl4.markdown_result import MarkdownGenerationResult

URL = "https://example.org/dir/page.html"


def markdown(html: str, *, url: str = URL, **options) -> MarkdownGenerationResult:
    content = extract_page(html, url=url, config=CrawlerRunConfig(**options))
    assert content.stage_errors == {}
    assert content.markdown is not None
    return content.markdown


def written(html: str, **options) -> str:
    return str(markdown(html, markdown_generator=DefaultMarkdownGenerator(options=options)))


# the page as markdown


@pytest.mark.parametrize(
    "code",
    [
        '<pre><code class="language-python">x = 1</code></pre>',
        '<pre class="lang-python"><code>x = 1</code></pre>',
        '<pre lang="python">x = 1</pre>',
        '<pre data-lang="Python"><code>x = 1</code></pre>',
        '<pre class="brush: python; gutter: false">x = 1</pre>',
        '<pre class="sourceCode python"><code class="sourceCode python">x = 1</code></pre>',
        '<pre><code class="hljs python">x = 1</code></pre>',
        '<pre class="src src-python">x = 1</pre>',
        '<div class="highlight-python notranslate"><div class="highlight"><pre><span></span>x = 1</pre></div></div>',
        '<div class="highlight highlight-source-python"><pre>x = 1</pre></div>',
    ],
)
def test_q5_fenced_code_has_its_language(code):
    assert markdown(f"<p>a</p>{code}<p>b</p>") == "a\n\n```python\nx = 1\n```\n\nb"


@pytest.mark.parametrize("code", ['<pre class="highlight">x</pre>', '<pre><code class="language-none">x</code></pre>'])
def test_no_language_is_invented(code):
    assert markdown(code).startswith("```\n") or "none" in code


def test_line_numbers_are_no_code():
    html = (
        '<table class="highlighttable"><tr><td class="linenos"><pre>1\n2</pre></td>'
        '<td class="code"><pre>alpha\nbeta</pre></td></tr></table>'
    )
    assert markdown(html) == "```\nalpha\nbeta\n```"
    assert markdown('<pre><span class="linenos">1</span>x</pre>') == "```\nx\n```"


def test_headings_inside_links_stay_headings():
    assert markdown('<a href="/x" title="t"><h2>Head <b>x</b></h2></a><p>y</p>') == (
        '## [Head **x**](https://example.org/x "t")\n\ny'
    )


def test_a_paragraph_with_kept_spaces_is_no_code():
    assert markdown('<p style="white-space: pre-wrap">just text</p>') == "just text"


def test_controls_and_fallbacks_are_no_text():
    html = (
        "<p>a</p><select><option>o</select><textarea>t</textarea><video>v</video><iframe>i</iframe><canvas>c</canvas>"
    )
    assert markdown(html) == "a"


def test_literal_markdown_is_escaped():
    assert markdown("<p># no *stars* [a](b)</p>") == "\\# no \\*stars\\* \\[a\\](b)"


def test_tables_lists_and_tasks():
    html = "<ul><li><input type=checkbox checked> done</ul><table><tr><th>A</th></tr><tr><td>a|b</td></tr></table>"
    assert markdown(html) == "- [x] done\n\n| A |\n| --- |\n| a\\|b |"


# citations


def test_citations_come_on_first_use():
    made = markdown('<p>see <a href="a" title="T">A</a> and <a href="a">again</a></p>')
    assert made.markdown_with_citations == "see A⟨1⟩ and again⟨1⟩"
    assert "⟨1⟩ https://example.org/dir/a: T" in made.references_markdown
    assert markdown("<p>no link</p>").references_markdown == ""


# options


@pytest.mark.parametrize(
    ("option", "html", "expected"),
    [
        ({"ignore_links": True}, "<a href=/x>t</a>", "t"),
        ({"ignore_images": True}, "a <img src=i.png alt=x> b", "a b"),
        ({"images_to_alt": True}, "a <img src=i.png alt=x> b", "a x b"),
        ({"ignore_emphasis": True}, "<b>t</b>", "t"),
        ({"body_width": 10}, "<p>aaaa bbbb cccc</p>", "aaaa bbbb\ncccc"),
        ({"skip_internal_links": True}, '<a href="#s">in</a> <a href="/o">out</a>', "in [out](https://example.org/o)"),
        ({"ignore_mailto_links": True}, '<a href="mailto:a@b.c">m</a>', "m"),
        ({"include_sup_sub": True}, "H<sub>2</sub>O<sup>x</sup>", "H<sub>2</sub>O<sup>x</sup>"),
        ({"single_line_break": True}, "<p>a</p><p>b</p>", "a\nb"),
        ({"mark_code": False}, "<pre>c</pre>", "    c"),
        ({"escape_html": False}, "&lt;b&gt;", "<b>"),
        ({"escape_snob": True}, "a < b", "a \\< b"),
        ({"inline_links": False}, "<a href=/x>t</a>", "[t][1]\n\n[1]: https://example.org/x"),
        ({"emphasis_mark": "_", "strong_mark": "__"}, "<em>a</em> <b>b</b>", "_a_ __b__"),
        ({"ul_item_mark": "*"}, "<ul><li>a</ul>", "* a"),
        ({"default_image_alt": "pic"}, "<img src=/i.png>", "![pic](https://example.org/i.png)"),
        ({"unicode_snob": False}, "“q”", '"q"'),
        ({"bypass_tables": False, "protect_links": False, "handle_code_in_pre": False}, "a", "a"),
    ],
)
def test_options_of_html2text(option, html, expected):
    assert written(html, **option).strip("\n") == expected
    if expected != "a":
        assert written(html).strip("\n") != expected


@pytest.mark.parametrize("option", ["pad_tables", "bypass_tables", "ignore_tables"])
def test_options_of_tables(option):
    html = "<table><tr><th>Long head</th></tr><tr><td>a</td></tr></table>"
    assert written(html, **{option: True}) != written(html)


def test_unknown_options_are_refused_with_a_hint():
    with pytest.raises(TypeError, match="'ignore_link' is not a markdown option; did you mean ignore_links"):
        DefaultMarkdownGenerator(options={"ignore_link": True})


@pytest.mark.parametrize("options", ["ignore_links", [("ignore_links", True)]])
def test_options_are_a_dictionary(options):
    with pytest.raises(TypeError, match="options must be a dictionary of markdown options"):
        DefaultMarkdownGenerator(options=options)


@pytest.mark.parametrize("option", [{"wrap_tables": True}])
def test_options_without_an_equivalent_are_refused(option):
    with pytest.raises(UnsupportedOption, match=next(iter(option))):
        DefaultMarkdownGenerator(options=option)


@pytest.mark.parametrize(
    ("option", "error"),
    [({"body_width": "80"}, TypeError), ({"body_width": -1}, ValueError), ({"ignore_links": "yes"}, TypeError)],
)
def test_options_of_a_wrong_type_are_refused(option, error):
    with pytest.raises(error, match=f"markdown option {next(iter(option))} must"):
        DefaultMarkdownGenerator(options=option)


# sources


def test_content_source_raw_html_is_the_page_as_it_came():
    html = "<nav>menu</nav><p>text <a href=x>l</a></p><script>no</script>"
    options = {"excluded_tags": ["nav"]}
    assert markdown(html, **options) == "text [l](https://example.org/dir/x)"
    raw = DefaultMarkdownGenerator(content_source="raw_html")
    assert markdown(html, markdown_generator=raw, **options) == "menu\n\ntext [l](https://example.org/dir/x)"


def test_content_source_is_checked():
    with pytest.raises(ValueError, match="content_source must be one of cleaned_html, raw_html, fit_html"):
        DefaultMarkdownGenerator(content_source="html")
    with pytest.raises(ValueError, match="needs a content_filter"):
        DefaultMarkdownGenerator(content_source="fit_html")
    with pytest.raises(ValueError, match="content_filter must have a filter_content method"):
        DefaultMarkdownGenerator(content_filter="pruning")


def test_generate_markdown_of_ones_own_html():
    made = DefaultMarkdownGenerator().generate_markdown("<p><a href=x>l</a></p>", base_url=URL)
    assert made == "[l](https://example.org/dir/x)"
    assert made.markdown_with_citations == "l⟨1⟩"
    plain = DefaultMarkdownGenerator().generate_markdown("<p><a href=x>l</a></p>", URL, {"ignore_links": True})
    assert plain == "l"
    uncited = DefaultMarkdownGenerator().generate_markdown("<p><a href=x>l</a></p>", URL, citations=False)
    assert uncited.markdown_with_citations == str(uncited)
    assert uncited.references_markdown == ""


# filters


class KeepLong(RelevantContentFilter):
    def filter_content(self, html):
        return [f"<p>{part}</p>" for part in html.split("|") if len(part.split()) > 2]


PARTS = "<div>|short|a longer <a href=x>part</a> here|end|</div>"


def test_a_filter_of_ones_own_makes_fit_markdown():
    content = extract_page(
        PARTS, url=URL, config=CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(KeepLong()))
    )
    assert content.markdown.fit_markdown == "a longer [part](https://example.org/dir/x) here"
    assert content.fit_html == content.markdown.fit_html
    assert content.fit_html.startswith("<div><p>a longer")
    assert "short" in content.markdown


def test_fit_html_as_source():
    generator = DefaultMarkdownGenerator(KeepLong(), content_source="fit_html")
    assert markdown(PARTS, markdown_generator=generator) == "a longer [part](https://example.org/dir/x) here"


def test_without_a_filter_nothing_is_fit():
    content = extract_page(PARTS, url=URL, config=CrawlerRunConfig())
    assert content.fit_html == ""
    assert content.markdown.fit_markdown == ""


class Broken(RelevantContentFilter):
    def filter_content(self, html):
        raise RuntimeError("no\nblocks")


def test_q6_a_filter_that_fails_is_an_error_and_no_content():
    content = extract_page(
        PARTS, url=URL, config=CrawlerRunConfig(markdown_generator=DefaultMarkdownGenerator(Broken()))
    )
    assert content.stage_errors == {"content_filter": "RuntimeError: no blocks"}
    assert content.markdown.fit_markdown == ""
    assert "longer" in content.markdown


# generators of one's own


class Shout(MarkdownGenerationStrategy):
    def generate_markdown(self, input_html, base_url="", **kwargs):
        return f"{base_url} {input_html}".upper()


class Louder(DefaultMarkdownGenerator):
    def generate_markdown(self, input_html, base_url="", **kwargs):
        made = super().generate_markdown(input_html, base_url, **kwargs)
        return MarkdownGenerationResult(made.upper(), base_url=base_url)


def test_a_generator_of_ones_own():
    assert markdown("<p>x</p>", markdown_generator=Shout(), css_selector="p") == f"{URL.upper()} <DIV><P>X</P></DIV>"
    raw = markdown("<p onclick=y>x", markdown_generator=Shout(content_source="raw_html"))
    assert raw == f"{URL.upper()} <P ONCLICK=Y>X"
    assert markdown("<p>x <b>y</b></p>", markdown_generator=Louder()) == "X **Y**"


class Wrong(MarkdownGenerationStrategy):
    def generate_markdown(self, input_html, base_url="", **kwargs):
        return input_html.encode() if "<b>" in input_html else 1 / 0


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        ("<b>x</b>", "Wrong.generate_markdown must return text, got bytes"),
        ("<p>x</p>", "ZeroDivisionError: division by zero"),
    ],
)
def test_q6_a_generator_that_fails_is_an_error_and_no_content(html, sentence):
    content = extract_page(html, url=URL, config=CrawlerRunConfig(markdown_generator=Wrong()))
    assert content.markdown is None
    assert content.stage_errors == {"markdown": sentence}
    assert "x" in content.cleaned_html


def test_generators_pickle():
    generator = pickle.loads(pickle.dumps(DefaultMarkdownGenerator(options={"include_sup_sub": True, "body_width": 3})))
    assert generator.generate_markdown("<sub>a</sub> bcd") == "<sub>a</sub>\nbcd"


# pages that tools stumble over


def test_an_address_that_is_none_does_not_stop_the_markdown():
    html = "<p><a href='//['>a</a> <a href=b>b</a></p>"
    for source in ("raw_html", "cleaned_html"):
        generator = DefaultMarkdownGenerator(content_source=source)
        content = extract_page(html, url=URL, config=CrawlerRunConfig(markdown_generator=generator))
        assert content.stage_errors == {}
        assert "[b](https://" in content.markdown


def test_markdownify_says_what_to_do_about_pages_nested_too_deeply():
    generator = DefaultMarkdownGenerator(converter="markdownify")
    content = extract_page("<div>" * 20_000 + "x", url=URL, config=CrawlerRunConfig(markdown_generator=generator))
    assert "use the converter 'turbohtml'" in content.stage_errors["markdown"]
