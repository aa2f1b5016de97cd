"""PDF documents as pages."""

import io
import pickle
import sys
import zlib

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrapy_crawl4 import CrawlerRunConfig, process
from scrapy_crawl4.content import extract_page
from scrapy_crawl4.content import pdf_page as pdf_module
from scrapy_crawl4.content.pdf_page import pdf_as_html
from scrapy_crawl4.content.pdf_text import Piece, pages_as_html

from .pdf import drawn, pdf, written

TITLE = (100, 700, 24, "Rivers and sand")
FIRST = (100, 660, 10, "Rivers carry sand to the sea and the sea re-")
SECOND = (100, 648, 10, "turns it to the shore in another order.")
NEXT = (100, 620, 10, "Another paragraph begins here.")
ARTICLE = pdf(
    [[TITLE, FIRST, SECOND, NEXT], [(100, 700, 10, "Page two.")]],
    info="/Title (On sand) /Author (A. Walker) /Subject (Sand) /Keywords (sand, sea) /CreationDate (D:20240203040506Z)",
)


def test_text_title_and_facts():
    result = process(ARTICLE, "https://example.org/sand.pdf")
    assert result.success, result.error_message
    assert result.markdown == (
        "# Rivers and sand\n\nRivers carry sand to the sea and the sea returns it to the shore in another order.\n\n"
        "Another paragraph begins here.\n\n---\n\nPage two."
    )
    assert result.html == ""
    facts = {name: result.metadata[name] for name in ("title", "author", "description", "keywords", "pages", "created")}
    assert facts == {
        "title": "On sand",
        "author": "A. Walker",
        "description": "Sand",
        "keywords": "sand, sea",
        "pages": 2,
        "created": "2024-02-03T04:05:06+00:00",
    }
    assert "modified" not in result.metadata


def test_a_result_of_a_pdf_travels():
    result = process(ARTICLE)
    assert pickle.loads(pickle.dumps(result)) == result
    assert "Another paragraph" in result.model_dump_json()


def test_links_have_the_text_they_stand_over():
    body = pdf(
        [[FIRST, (100, 600, 10, "See "), (120, 600, 10, "the map"), (160, 600, 10, " for more.")]],
        links=[("119 597 158 610", "https://example.org/map"), ("400 100 500 120", "https://example.com/away")],
    )
    result = process(body, "https://example.org/a.pdf")
    assert "See [the map](https://example.org/map) for more." in result.markdown
    assert [link["href"] for link in result.links["internal"]] == ["https://example.org/map"]
    assert [link["href"] for link in result.links["external"]] == ["https://example.com/away"]


def test_lists_code_and_headings():
    texts = [
        (100, 700, 20, "Chapter"),
        (100, 670, 14, "Section"),
        (100, 650, 10, "Some text about it, which is long enough to be most of the page."),
        (110, 630, 10, "\u2022 one"),
        (110, 618, 10, "\u2022 two, which goes on"),
        (118, 606, 10, "in another line"),
        (100, 580, 10, "After the list."),
    ]
    markdown = process(pdf([texts])).markdown
    assert markdown.startswith("# Chapter\n\n## Section\n\nSome text about it")
    assert markdown.endswith("- one\n- two, which goes on in another line\n\nAfter the list.")
    code = process(pdf([[(100, 700, 10, "def f\\(x\\):"), (112, 688, 10, "return x")]], font="Courier")).markdown
    assert code == "```\ndef f(x):\nreturn x\n```"


def test_what_means_something_in_markup_is_text():
    markdown = process(pdf([[(100, 700, 10, "<b>x</b> *y* [z]\\(u\\) & #")]])).markdown
    assert markdown == "\\<b>x\\</b> \\*y\\* \\[z\\](u) & #"


def test_content_options_work():
    config = CrawlerRunConfig(css_selector="h1", prettiify=True)
    assert process(ARTICLE, config=config).markdown == "# Rivers and sand"
    quick = process(
        pdf([[FIRST]], links=[("1 1 2 2", "https://example.org/x")]), config=CrawlerRunConfig(prefetch=True)
    )
    assert quick.markdown is None
    assert len(quick.links["external"] + quick.links["internal"]) == 1


def locked(password, owner="owner", **options):
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(ARTICLE))
    writer.encrypt(password, owner, **options)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_password_is_asked_for(algorithm):
    result = process(locked("secret", algorithm=algorithm))
    assert not result.success
    assert result.error_message == "Stage pdf failed: The PDF is encrypted and needs a password"
    # One that anybody may read is read.
    assert process(locked("", algorithm=algorithm)).markdown.startswith("# Rivers and sand")


def test_without_pypdf_the_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    result = process(ARTICLE)
    assert not result.success
    assert result.error_message == "Stage pdf failed: Reading PDF needs pypdf: pip install 'scrapy-crawl4[pdf]'"
    assert result.markdown == ""


@pytest.mark.parametrize("body", [b"%PDF-1.7", b"%PDF-1.4\n%%EOF", ARTICLE[:300], b"%PDF-" + bytes(range(256)) * 20])
def test_broken_files_fail_in_one_sentence(body, capfd):
    result = process(body)
    assert not result.success
    assert result.error_message.startswith("Stage pdf failed: The PDF cannot be read: ")
    assert "\n" not in result.error_message
    assert capfd.readouterr() == ("", "")


def test_a_broken_page_leaves_the_others():
    body = ARTICLE.replace(zlib.compress(drawn([TITLE, FIRST, SECOND, NEXT])), b"x" * 10, 1)
    result = process(body)
    assert "Page two." in result.markdown


def test_a_page_that_draws_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(pdf_module, "MOST_OPERATIONS", 100)
    body = pdf([[TITLE], drawn([FIRST] * 50), [NEXT]])
    result = process(body)
    assert result.error_message == "Stage pdf failed: The PDF is too large: page 2 of 3 and what follows was not read"
    assert result.markdown == "Rivers and sand"


def test_more_pages_than_are_read_are_said(monkeypatch):
    monkeypatch.setattr(pdf_module, "MOST_PAGES", 2)
    result = process(pdf([[NEXT]] * 3))
    assert result.error_message == "Stage pdf failed: The PDF has 3 pages, of which the first 2 were read"
    assert result.markdown.count("Another paragraph") == 2


def test_a_stream_that_unpacks_to_gigabytes_is_not_unpacked():
    bomb = zlib.compress(zlib.compress(b" " * 300_000_000, 9), 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [5 0 R] >>",
        b"<< >>",
        b"<< >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 6 0 R >>",
        f"<< /Length {len(bomb)} /Filter [/FlateDecode /FlateDecode] >>\nstream\n".encode() + bomb + b"\nendstream",
    ]
    result = process(written(objects))
    assert result.markdown == ""


def test_drawing_code_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(pdf_module, "MOST_BYTES", 10_000)
    result = process(pdf([[TITLE], b"1 " * 10_000, [NEXT]]))
    assert result.error_message == "Stage pdf failed: The PDF is too large: page 2 of 3 and what follows was not read"
    assert result.markdown == "Rivers and sand"


def test_pages_that_hold_each_other_end():
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 9 /Kids [2 0 R 5 0 R] >>",
        b"<< >>",
        b"<< >>",
        b"<< /Type /Pages /Count 9 /Kids [2 0 R] /Parent 2 0 R >>",
    ]
    assert not process(written(objects)).success


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, len(ARTICLE) - 1), st.integers(0, 255)), min_size=1, max_size=30), st.integers()
)
def test_a_damaged_file_is_a_result(changes, end):
    body = bytearray(ARTICLE[: end % len(ARTICLE)] if end % 3 == 0 else ARTICLE)
    for place, value in changes:
        if place < len(body):
            body[place] = value
    page = extract_page(bytes(body), url="", config=CrawlerRunConfig(), content_type="application/pdf")
    assert page.markdown is not None
    assert all("\n" not in error for error in page.stage_errors.values())


numbers = st.floats(-1e6, 1e6)
pieces = st.builds(Piece, st.text(max_size=20), numbers, numbers, st.floats(0, 1e4), st.booleans(), st.text(max_size=5))


@settings(deadline=None)
@given(st.lists(st.lists(pieces, max_size=15), max_size=3))
def test_pieces_anywhere_lose_no_text(pages):
    html = pages_as_html(pages)
    shown = process(html, config=CrawlerRunConfig(markdown_generator=None)).cleaned_html or ""
    letters = [c for page in pages for piece in page for c in piece.text if c.isascii() and c.isalnum()]
    assert len([c for c in html if c.isascii() and c.isalnum()]) >= len(letters)
    assert isinstance(shown, str)


def test_reading_changes_nothing_for_others():
    before = pypdf.get_configuration()
    pdf_as_html(ARTICLE)
    assert pypdf.get_configuration() is before
