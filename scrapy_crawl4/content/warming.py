"""What the first page would wait for otherwise."""

from __future__ import annotations

PAGE = """<html><head><title>A page</title><meta name="description" content="It has something of all"></head><body>
<h1>A page</h1><p>A <a href="/link">link</a>, an <img src="/image.png" alt="image"> and <code>code</code>.</p>
<ul><li>One</li></ul><table><tr><th>Name</th></tr><tr><td>Value</td></tr></table><pre><code>more</code></pre>
</body></html>"""


def warm_up() -> None:
    """Load what the content stages load when they are first used, by using them."""
    from ..config import CrawlerRunConfig  # noqa: PLC0415 - what takes a tenth of a second, for who wants it now
    from .pipeline import extract_page  # noqa: PLC0415

    extract_page(PAGE, url="https://example.com/", config=CrawlerRunConfig())
