"""Elements made by the hundred have hashes of their own, and are what markup says."""

import turbohtml
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.content.code_blocks import break_styled_lines, prepare_code
from scrapy_crawl4.content.diagrams import keep_diagrams
from scrapy_crawl4.content.maths import keep_maths, keep_scripted_maths
from scrapy_crawl4.content.workshop import Workshop

COUNT = 300


def hashes(root, name):
    return len({hash(element) for element in root.find_all(name)})


def test_formulas_and_diagrams_are_told_apart_by_their_hashes():
    root = turbohtml.parse(
        "<script type=math/tex>a^2</script><p><math alttext=x></math></p><div class=mermaid>graph TD</div>" * COUNT
    )
    keep_scripted_maths(root)
    keep_maths(root)
    keep_diagrams(root)
    assert hashes(root, "math") >= COUNT  # each of the two kinds has a workshop of its own
    assert hashes(root, "pre") == hashes(root, "code") == COUNT


def test_lines_and_code_tables_are_too():
    table = "<table><tr><td class=lineno>1<td>a = 1<tr><td class=lineno>2<td>b = 2</table>"
    root = turbohtml.parse(("<p style='white-space:pre'>one\ntwo</p>" + table) * COUNT)
    break_styled_lines(root)
    prepare_code(root)
    assert hashes(root, "br") == COUNT
    assert hashes(root, "pre") == COUNT
    assert root.find("pre").html == '<pre class="">a = 1\nb = 2</pre>'


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_lines_are_the_text_with_breaks(text):
    place = turbohtml.Element("div")
    place.extend(Workshop().lines(text))
    read = ["\n" if isinstance(node, turbohtml.Element) else node.data for node in place]
    assert "".join(read) == text


def test_an_element_has_its_text_and_attributes():
    made = Workshop().element("pre", "a < b & c\r\n", {"class": "x"})
    assert (made.tag, made.text, made.attr("class"), made.parent) == ("pre", "a < b & c\r\n", "x", None)
    assert len(Workshop().element("pre")) == 0
