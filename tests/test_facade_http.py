"""What the facade sends over HTTP."""

from scrapy import Request

from scrapy_crawl4 import AsyncWebCrawler


async def test_a_request_tells_the_length_of_a_body_where_one_may_be(site):
    echo = site.url("/echo")
    requests = [
        Request(echo),
        Request(echo, method="HEAD"),
        Request(echo, method="POST"),
        Request(echo, method="DELETE"),
        Request(echo, method="POST", body=b"hello"),
        Request(echo, method="GET", body=b"hello"),
    ]
    async with AsyncWebCrawler() as crawler:
        for request in requests:
            await crawler.arun(request)
    sent = [(seen.method, seen.headers.get("content-length")) for seen in site.requests if seen.path == "/echo"]
    assert sent == [("GET", None), ("HEAD", None), ("POST", "0"), ("DELETE", "0"), ("POST", "5"), ("GET", "5")]
    assert not any("transfer-encoding" in seen.headers for seen in site.requests)
