"""Bytes to text, as browsers do it."""
# ruff: noqa: RUF001 - texts in many scripts

import codecs

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scrapy_crawl4 import CrawlResult, process
from scrapy_crawl4.content.encodings import decode, known_encoding

RUSSIAN = "Это страница на русском языке. Река несёт песок к морю, а море возвращает его берегу."
GREEK = "Η θάλασσα επιστρέφει την άμμο στην ακτή με άλλη σειρά."
JAPANESE = "これは日本語のページです。川は砂を海へ運び、海はそれを岸へ返します。"
CHINESE = "这是一个中文网页。河流把沙子带到海里，大海又把它还给海岸。"
TAIWANESE = "這是一個中文網頁。河流把沙子帶到海裡，大海又把它還給海岸。"
KOREAN = "이것은 한국어 페이지입니다. 강은 모래를 바다로 나르고 바다는 그것을 해안으로 돌려줍니다."
FRENCH = "Voilà une page en français : la rivière porte le sable à la mer, et l’été revient."
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy, řeka nese písek k moři."


def page(text, head=""):
    return f"<!DOCTYPE html><html><head>{head}<title>{text[:12]}</title></head><body><p>{text}</p></body></html>"


def meta(charset):
    return f'<meta charset="{charset}">'


LABELS = [
    ("iso-8859-1", "cp1252", FRENCH),
    ("ISO-8859-1", "cp1252", "100 €, “quoted”"),
    ("latin1", "cp1252", FRENCH),
    ("ascii", "cp1252", FRENCH),
    ("us-ascii", "cp1252", FRENCH),
    ("gb2312", "gbk", CHINESE + "镕"),
    ("GBK", "gb18030", CHINESE),
    ("gb18030", "gb18030", CHINESE + "🦀"),
    ("x-sjis", "cp932", JAPANESE + "①"),
    ("Shift_JIS", "cp932", JAPANESE),
    ("euc-jp", "euc_jp", JAPANESE),
    ("iso-2022-jp", "iso2022_jp", JAPANESE),
    ("big5", "big5hkscs", TAIWANESE),
    ("big5-hkscs", "big5hkscs", TAIWANESE),
    ("euc-kr", "cp949", KOREAN + "똠"),
    ("ks_c_5601-1987", "cp949", KOREAN),
    ("koi8-r", "koi8_r", RUSSIAN),
    ("windows-1251", "cp1251", RUSSIAN),
    ("cp1251", "cp1251", RUSSIAN),
    ("iso-8859-5", "iso8859_5", RUSSIAN),
    ("ibm866", "cp866", RUSSIAN),
    ("x-mac-cyrillic", "mac_cyrillic", RUSSIAN),
    ("windows-1253", "cp1253", GREEK),
    ("iso-8859-2", "iso8859_2", CZECH),
    ("windows-1250", "cp1250", CZECH),
    ("iso-8859-9", "cp1254", "Işık ve ğöç"),
    ("tis-620", "cp874", "กรุงเทพมหานคร"),
    ("utf8", "utf-8", RUSSIAN + "🦀"),
]


@pytest.mark.parametrize(("label", "codec", "text"), LABELS)
def test_labels_mean_what_browsers_take_them_for(label, codec, text):
    html = page(text)
    assert decode(html.encode(codec), f"text/html; charset={label}") == html
    assert decode(html.encode(codec), f'text/html;charset="{label}" ; x=y') == html
    for declaration in (
        meta(label),
        f'<META http-equiv=Content-Type content="text/html; charset={label}">',
        f"<meta name=x><!-- <meta charset=utf-7> --><meta content='text/html;charset={label}' http-equiv=content-type>",
    ):
        html = page(text, declaration)
        assert decode(html.encode(codec)) == html
    html = f'<?xml version="1.0" encoding="{label}"?>' + page(text)
    assert decode(html.encode(codec), "application/xhtml+xml") == html


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (CHINESE, "gbk"),
        (TAIWANESE, "big5"),
        (KOREAN, "euc_kr"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "cp1251"),
        (GREEK, "cp1253"),
        (FRENCH, "cp1252"),
        (CZECH, "cp1250"),
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "utf-16-le"),
        (RUSSIAN, "utf-16-be"),
        (JAPANESE, "utf-16-le"),
        (FRENCH, "utf-16-be"),
    ],
)
@pytest.mark.parametrize("before", ["", "<p>An introduction in plain English.</p>" * 2000])
def test_text_that_declares_nothing_is_judged_by_its_bytes(text, codec, before):
    html = before + page(text * 3)
    assert decode(html.encode(codec)) == html


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("header", ["", "text/html; charset=gbk", "text/html; charset=utf-8"])
def test_a_byte_order_mark_comes_first(codec, header):
    html = page(RUSSIAN, meta("koi8-r"))
    assert decode(("\ufeff" + html).encode(codec), header) == html


def test_the_header_comes_before_the_page():
    html = page(RUSSIAN, meta("koi8-r"))
    assert decode(html.encode("cp1251"), "text/html; charset=windows-1251") == html


@pytest.mark.parametrize("header", ["text/html; charset=nonsense", "text/html; charset=", "text/html; charset=utf-7"])
def test_a_header_that_names_nothing_counts_for_nothing(header):
    html = page(RUSSIAN, meta("koi8-r"))
    assert decode(html.encode("koi8_r"), header) == html


def test_a_declaration_after_the_first_kilobyte_counts_for_what_is_not_utf8():
    late = page(FRENCH, "<!--" + "x" * 2000 + "-->" + meta("windows-1250"))
    assert decode(late.encode("cp1250", "replace")) == late.encode("cp1250", "replace").decode("cp1250")
    assert decode(late.encode()) == late
    pragma = page(FRENCH, "<!--" + "x" * 2000 + '--><meta http-equiv="content-type" content="x; charset=iso-8859-15">')
    assert "Voilà" in decode(pragma.encode("iso8859_15", "replace"))


def test_what_only_looks_like_a_declaration_is_none():
    for other in (
        "<!-- <meta charset=gbk> -->",
        "<script>'<meta charset=gbk>'</script>",
        '<p title="<meta charset=gbk>">',
    ):
        html = other + page(RUSSIAN)
        if "script" not in other:  # which the standard's search for a declaration does not know
            assert decode(html.encode()) == html


@pytest.mark.parametrize("source", ["header", "meta", "nothing"])
def test_utf8_with_a_few_wrong_bytes_stays_utf8(source):
    html = page(RUSSIAN, meta("utf-8") if source == "meta" else "")
    body = html.encode().replace("несёт".encode(), b"nes\xe9t \xff", 1)
    text = decode(body, "text/html; charset=utf-8" if source == "header" else "")
    assert text == html.replace("несёт", "nes\ufffdt \ufffd", 1)


def test_text_that_ends_inside_a_character_is_read_to_there():
    body = page(RUSSIAN).encode()[:-40]
    cut = body[: body.rindex("е".encode()) + 1]
    assert decode(cut) == cut[:-1].decode() + "\ufffd"


def test_utf16_is_no_declaration():
    html = page(RUSSIAN, meta("utf-16"))
    assert decode(html.encode()) == html
    html = f'<?xml version="1.0" encoding="utf-16"?>{page(RUSSIAN)}'
    assert decode(html.encode(), "application/xhtml+xml") == html


def test_encodings_that_browsers_gave_up_lose_no_page():
    html = page(RUSSIAN, meta("hz-gb-2312"))
    assert decode(html.encode()) == html
    assert known_encoding("hz-gb-2312") == known_encoding("replacement") == known_encoding("é") == ""


@pytest.mark.parametrize("label", ["utf-8", "UTF8", " unicode-1-1-utf-8 ", "x-unicode20utf8"])
def test_all_labels_of_utf8_are_read_by_pythons_own_decoder(label):
    assert known_encoding(label) == "utf-8"
    assert decode(b"a\xc3\xa9\xff\xe2\x82", f"text/html; charset={label}") == "a\xe9\ufffd\ufffd"


def test_a_label_longer_than_any_names_nothing():
    assert known_encoding("utf-8" * 100) == ""


def test_plain_text_declares_nothing():
    text = "In HTML: <meta charset=gbk>. " + FRENCH
    assert decode(text.encode("cp1252"), "text/plain", markup=False) == text


def test_the_country_of_a_domain_helps():
    short = "Řeka".encode("cp1250")
    assert decode(short, url="https://example.cz/") == "Řeka"


@settings(deadline=None)
@given(
    st.binary(max_size=3000), st.text(max_size=60), st.booleans(), st.sampled_from(["", "http://a.jp/", "http://[::"])
)
@example(b"\xff\xfe", "", True, "")
@example(b"\x00" * 50, "", True, "")
@example(b"<meta charset=x-user-defined>\xe9", "", True, "")
@example(b'<?xml version="1.0" encoding="replacement"?>\xe9', "", True, "")
def test_any_bytes_are_text(body, header, markup, url):
    text = decode(body, header, url=url, markup=markup)
    assert isinstance(text, str)
    assert text == decode(body, header, url=url, markup=markup)


@settings(deadline=None)
@given(st.sampled_from(LABELS), st.binary(max_size=200))
def test_any_bytes_in_any_encoding_are_text(label, body):
    assert isinstance(decode(meta(label[0]).encode() + body), str)
    assert isinstance(decode(body, f"text/html; charset={label[0]}"), str)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=200))
def test_utf8_is_read_as_written(text):
    body = page(text).encode("utf-8", "replace")
    assert decode(body, "text/html; charset=utf-8") == body.decode().removeprefix("\ufeff")


def test_bytes_can_be_processed():
    html = page(JAPANESE, meta("shift_jis"))
    result = process(html.encode("cp932"), "https://example.org/")
    assert result.html == html
    assert result.markdown == JAPANESE
    assert process(codecs.BOM_UTF8 + b"<p>a").markdown == "a"
    assert CrawlResult.from_html(html.encode("cp932"), url="").markdown == JAPANESE
