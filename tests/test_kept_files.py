"""Names of files that are kept."""

import pytest

from scrapy_crawl4.kept_files import safe_name


@pytest.mark.parametrize(
    ("suggested", "expected"),
    [
        ("../../../etc/evil.txt", "evil.txt"),
        ("..\\..\\evil.txt", "evil.txt"),
        ("a?b.txt", "a_b.txt"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("aux.tar.gz", "_aux.tar.gz"),
        ("Com1", "_Com1"),
        ("lpt9.log", "_lpt9.log"),
        ("console.txt", "console.txt"),
        ("com10.txt", "com10.txt"),
        ("...", ""),
    ],
)
def test_a_name_is_one_that_every_system_takes(suggested, expected):
    assert safe_name(suggested) == expected
