"""Pictures in PNG that are joined from parts."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.browser.capture import picture
from scrapy_crawl4.browser.capture.picture import Area
from scrapy_crawl4.browser.capture.png import Joined, Rows

from .png import packed, size_of, unpacked


@given(st.data())
def test_joined_parts_are_the_rows_below_one_another(data):
    pixel = data.draw(st.sampled_from([3, 4]))
    width = data.draw(st.integers(1, 4)) * pixel
    parts, rows = [], []
    for _ in range(data.draw(st.integers(1, 4))):
        part = data.draw(st.lists(st.binary(min_size=width, max_size=width), min_size=1, max_size=4))
        filters = data.draw(st.lists(st.integers(0, 4), min_size=len(part), max_size=len(part)))
        parts.append(packed(part, filters, pixel))
        rows += part
    joined = Joined.of(parts).png()
    assert size_of(joined) == (width // pixel, len(rows))
    assert unpacked(joined, pixel) == rows


def test_what_cannot_be_joined_is_said():
    narrow, wide, clear = packed([b"abc"], [0], 3), packed([b"abcdef"], [0], 3), packed([b"abcd"], [0], 4)
    for other in (wide, clear):
        with pytest.raises(ValueError, match="do not fit"):
            Joined.of([narrow, other])
    with pytest.raises(ValueError, match="no PNG"):
        Rows(b"GIF89a")
    with pytest.raises(ValueError, match="cannot be joined"):
        Rows(narrow[:25] + b"\x03" + narrow[26:])  # with a palette


@given(
    st.floats(1, 20_000).map(round), st.integers(1, 200_000), st.sampled_from([0.5, 1.0, 1.25, 1.5, 2, 3]),
    st.integers(1, 20_000), st.integers(-500, 0),
)  # fmt: skip
def test_parts_cover_a_page_once_and_none_is_too_large(width, height, scale, highest, left):
    metrics = {"cssContentSize": {"x": left, "y": 0, "width": width, "height": height}}
    page = Area.of_page(metrics, scale)
    assert page.width * page.height * scale**2 <= picture.MOST_PIXELS
    assert page.height == height or page.width * (page.height + 1) * scale**2 > picture.MOST_PIXELS
    parts = list(page.parts(max(highest, int(page.height / 500) + 1)))
    assert parts[0].y == 0
    for part, following in itertools.pairwise(parts):
        assert part.y + part.height == following.y
    assert parts[-1].y + parts[-1].height == page.height
    for part in parts:
        assert (part.x, part.width) == (left, page.width)
        assert max(part.width, part.height) * scale <= picture.LONGEST_SIDE
        assert part.width * part.height * scale**2 <= picture.PART_PIXELS or part.height == 1
