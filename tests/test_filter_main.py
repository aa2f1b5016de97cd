"""MainContentFilter on pages of our own: what stays, what goes, and what it costs."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import turbohtml
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapy_crawl4 import CrawlerRunConfig, DefaultMarkdownGenerator, MainContentFilter
from scrapy_crawl4.content import extract_page
from scrapy_crawl4.content.blocks import segment
from scrapy_crawl4.content.fragments import keep_within
from scrapy_crawl4.content.page_signs import signs_of_names
from scrapy_crawl4.content.page_view import PageView

URL = "https://example.org/blog/a-walk-along-the-river"
SENTENCES = (
    "The path follows the river for an hour, then climbs through beech woods to a meadow above the village.",
    "In spring the ground is covered with garlic, and on a warm day you smell it long before you see it.",
    "At the mill, which has been a museum since the war, there is a bench and a tap with cold water.",
    "Whoever has time goes on to the old bridge, where the railway once crossed, and comes back by bus.",
    "Dogs are welcome everywhere but in the reserve; bicycles have to stay on the road, as signs say.",
    "We came home late, with mud on our boots and a bag full of leaves that nobody wanted to cook.",
)
MENU = "".join(
    f'<li><a href="/{name}">{name.title()}</a></li>' for name in ("home", "news", "shop", "about", "contact")
)
HEADER = f'<header class="site-header"><a href="/">Walks</a><nav class="main-menu"><ul>{MENU}</ul></nav></header>'
FOOTER = (
    '<footer class="site-footer"><p>Copyright 2026 Walks Ltd. All rights reserved.</p>'
    '<ul><li><a href="/privacy">Privacy</a></li><li><a href="/terms">Terms</a></li></ul></footer>'
)
SIDEBAR = (
    '<aside class="sidebar"><h3>Latest posts</h3><ul>'
    + "".join(f'<li><a href="/post/{number}">Another short walk {number}</a></li>' for number in range(8))
    + "</ul></aside>"
)
COMMENTS = (
    '<section id="comments" class="comments"><h3>Comments</h3>'
    + "".join(
        f'<div class="comment"><p>Anna wrote: what a lovely day {number}, we had so much rain here, sadly.</p></div>'
        for number in range(3)
    )
    + "</section>"
)


def whole(body, *, head="<title>A walk along the river - Walks</title>"):
    return f"<html><head>{head}</head><body>{HEADER}<div class='wrap'>{body}{SIDEBAR}</div>{FOOTER}</body></html>"


def article(inside=""):
    paragraphs = "".join(f"<p>{sentence} {SENTENCES[0]}</p>" for sentence in SENTENCES)
    return whole(
        f'<article class="post"><h1>A walk along the river</h1>{paragraphs}{inside}'
        f"<h2 id=home>The way home</h2><p>{SENTENCES[5]} {SENTENCES[3]}</p></article>{COMMENTS}"
    )


def fit(html, url=URL, **arguments):
    generator = DefaultMarkdownGenerator(content_filter=MainContentFilter(**arguments))
    content = extract_page(html, url=url, config=CrawlerRunConfig(markdown_generator=generator))
    assert content.stage_errors == {}
    return content.markdown.fit_markdown


def test_text_stays_and_what_stands_beside_it_goes():
    markdown = fit(article())
    assert all(sentence in markdown for sentence in SENTENCES)
    assert "## The way home" in markdown
    for clutter in ("Copyright", "Privacy", "Contact", "Another short walk", "Anna wrote"):
        assert clutter not in markdown


def test_links_pictures_code_tables_quotes_and_lists_stay_in_the_text():
    row = "<tr><td>{0} km</td><td>{0} hours, with a rest at the mill</td></tr>"
    inside = (
        '<p>There is <a href="/map.pdf">a map of the whole valley</a> that shows each path, bench and spring in it.</p>'
        '<figure><img src="/mill.jpg" alt="The mill"><figcaption>The mill in winter, seen from the bridge</figcaption>'
        "</figure><pre><code class='language-python'>def walk(km):\n    return km * 15\n</code></pre>"
        f"<blockquote><p>{SENTENCES[1]}</p></blockquote><ul><li>{SENTENCES[2]}</li><li>{SENTENCES[3]}</li></ul>"
        f"<table><tr><th>Length</th><th>Time</th></tr>{''.join(row.format(n) for n in range(2, 8))}</table>"
    )
    markdown = fit(article(inside))
    assert "[a map of the whole valley](https://example.org/map.pdf)" in markdown
    assert "![The mill](https://example.org/mill.jpg)" in markdown
    assert "```python\ndef walk(km):\n    return km * 15\n```" in markdown
    assert f"> {SENTENCES[1]}" in markdown
    assert f"- {SENTENCES[2]}" in markdown
    assert "| Length | Time |" in markdown
    assert "| 7 km |" in markdown


def test_fit_html_is_the_pages_own_subtree():
    generator = DefaultMarkdownGenerator(content_filter=MainContentFilter())
    content = extract_page(article(), url=URL, config=CrawlerRunConfig(markdown_generator=generator))
    tree = turbohtml.parse(content.fit_html)
    assert len(tree.select("article.post > p")) == len(SENTENCES) + 1
    assert tree.select("nav, footer, aside") == []
    assert "Copyright" in str(content.markdown)  # the whole page is in the raw markdown


def test_posts_of_a_forum_are_the_content():
    posts = "".join(
        f'<li class="post" id="p{n}"><div class="author">user{n}</div>'
        f'<div class="content"><p>{s} {SENTENCES[n - 1]}</p></div></li>'
        for n, s in enumerate(SENTENCES)
    )
    html = f"<body>{HEADER}<main><h1>Which walk do you like?</h1><ol class='topic'>{posts}</ol></main>{FOOTER}</body>"
    markdown = fit(html, "https://forum.example.org/t/which-walk-do-you-like/12")
    assert all(sentence in markdown for sentence in SENTENCES)
    assert "Copyright" not in markdown


def test_items_of_a_listing_are_the_content():
    cards = "".join(
        f'<div class="card"><a href="/walk/{n}"><h3>Walk number {n} through the hills</h3></a><p>{s}</p></div>'
        for n, s in enumerate(SENTENCES * 2)
    )
    html = f"<body>{HEADER}<main><h1>All walks</h1><div class='grid'>{cards}</div></main>{FOOTER}</body>"
    markdown = fit(html, "https://example.org/walks")
    assert all(f"Walk number {number} through the hills" in markdown for number in range(12))
    assert all(sentence in markdown for sentence in SENTENCES)
    assert "Copyright" not in markdown


def test_cells_and_their_tables_go_together():
    html = article(
        "<table class='layout'><tr><td><a href=/x>more</a></td><td><a href=/y>even more</a></td></tr></table>"
    )
    markdown = fit(html)
    assert "more](" not in markdown or "even more](" in markdown
    assert "|  |" not in markdown


def test_a_picture_goes_with_the_text_around_it():
    markdown = fit(
        article('<div class="picture"><img src="/bridge.jpg" alt="The bridge"></div>').replace(
            "<h3>Latest posts</h3>", '<h3>Latest posts</h3><img src="/advert.jpg" alt="Buy boots">'
        )
    )
    assert "bridge.jpg" in markdown
    assert "advert.jpg" not in markdown


def test_links_within_the_page_lead_within_the_excerpt():
    markdown = fit(
        article("<p>There is more of this in <a href='#home'>the last part</a> and <a href='#top'>above</a>.</p>")
    )
    assert "[the last part](#home)" in markdown
    assert "above" in markdown
    assert "#top" not in markdown


def test_links_to_other_pages_and_to_pages_without_an_address_stay():
    tree = turbohtml.parse("<a href='https://example.org/b#x'>b</a><a href='#y'>y</a>")
    keep_within(tree, "https://example.org/a")
    keep_within(tree, "")
    assert [link.attr("href") for link in tree.select("a")] == ["https://example.org/b#x", "#y"]


@pytest.mark.parametrize(
    "html",
    ["", "<p></p>", "<img src=/a.png>", "<body>word", "<table><tr><td>", "<div>" * 2000 + "deep", "<p>\x00<br><br>"],
)
def test_pages_of_almost_nothing(html):
    fit(html)


def test_what_is_all_there_is_stays():
    assert SENTENCES[0] in fit(f"<body><p>{SENTENCES[0]}</p></body>")


def test_a_greater_beta_keeps_no_less():
    html = article()
    lengths = [len(fit(html, beta=beta)) for beta in (0.25, 0.5, 1.0, 2.0, 4.0)]
    assert lengths == sorted(lengths)
    assert lengths[0] > 0


def test_min_word_threshold_drops_short_blocks_but_no_headings():
    html = article("<p>Yes.</p>")
    assert "Yes." in fit(html)
    markdown = fit(html, min_word_threshold=5)
    assert "Yes." not in markdown
    assert "# A walk along the river" in markdown or "## The way home" in markdown


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"beta": -1}, ValueError, "beta"),
        ({"beta": "1"}, TypeError, "beta"),
        ({"beta": float("nan")}, ValueError, "beta"),
        ({"min_word_threshold": -2}, ValueError, "min_word_threshold"),
        ({"min_word_threshold": 1.5}, TypeError, "min_word_threshold"),
    ],
)
def test_wrong_parameters_are_named(arguments, error, name):
    with pytest.raises(error, match=name):
        MainContentFilter(**arguments)


def test_filter_content_gives_blocks_of_html():
    blocks = MainContentFilter().filter_content(article())
    assert blocks
    text = "".join(blocks)
    assert SENTENCES[4] in text
    assert "Privacy" not in text


def test_the_same_page_gives_the_same_answer_in_threads_and_after_pickling():
    chooser = pickle.loads(pickle.dumps(MainContentFilter(beta=1.5)))
    page = article()
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: "".join(chooser.filter_content(page)), range(8)))
    assert len(found) == 1


def _calls(work):
    counts = 0

    def count(_frame, event, _argument):
        nonlocal counts
        counts += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counts


@pytest.mark.parametrize("shape", ["flat", "nested", "cards", "menus"])
def test_work_grows_with_the_page(shape):
    def page(size):
        body = {
            "flat": f"<p>{SENTENCES[0]}</p>" * size,
            "nested": "<div class=sidebar>" * 100 + f"<p class=x>{SENTENCES[0]}</p>" * size,
            "cards": f"<div class=card><h3>Title</h3><img src=/a.png><p>{SENTENCES[1]}</p></div>" * size,
            "menus": "<ul class=nav><li><a href=/a>a</a></ul>" * size,
        }[shape]
        return turbohtml.parse(f"<body>{body}</body>").root.html

    chooser = MainContentFilter()
    small, large = page(100), page(400)
    chooser.filter_content(small)
    assert _calls(lambda: chooser.filter_content(large)) < 4.6 * _calls(lambda: chooser.filter_content(small))


def test_blocks_are_runs_of_text_between_boxes():
    root = turbohtml.parse(
        "<body>one <b>two</b><p>three<br>four<br><br>five</p><a href=/x>six <i>seven</i></a></body>"
    ).root
    blocks, boxes = segment(root)
    assert [block.text for block in blocks] == ["one two", "three four", "five", "six seven"]
    assert [block.box.tag for block in blocks] == ["body", "p", "p", "body"]
    assert [block.link_length for block in blocks] == [0, 0, 0, len("six seven")]
    assert [box.tag for box in boxes] == ["html", "head", "body", "p"] or [box.tag for box in boxes] == [
        "html",
        "body",
        "p",
    ]
    assert boxes[-1].words == 3


def test_signs_are_parts_of_names():
    assert signs_of_names("siteNav main-menu", None) >= {"nav", "content"}
    assert signs_of_names("", "navigation") == {"nav"}
    assert signs_of_names("", None) == frozenset()
    assert "ad" not in signs_of_names("header read", None)


def test_names_of_the_whole_page_put_nothing_beside():
    html = (
        f"<body class='has-sidebar'><div class='sidebar-wrap'>{''.join(f'<p>{s}</p>' for s in SENTENCES)}</div></body>"
    )
    view = PageView(turbohtml.parse(html).root)
    assert not any(view.beside)


PARTS = (
    *(
        "<div class=nav>",
        "</div>",
        "<p>a b c",
        "<h2>t</h2>",
        "<img src=/a>",
        "<table><tr><td>x",
        "</table>",
        "<ul><li>",
    ),
    *("<br>", "text ", "<a href=#q>k</a>", "<figure>", "<article>"),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=60))
def test_any_page_is_judged(parts):
    html = "".join(parts)
    fit(html)
    MainContentFilter().filter_content(html)
