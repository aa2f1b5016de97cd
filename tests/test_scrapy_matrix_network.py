"""Scrapy's ways over the network, with the add-on and without: same requests, items and stats."""

import subprocess
import sys
from itertools import pairwise

import pytest

from .crawling import environment
from .forking import Crawls
from .tls import self_signed

pytestmark = pytest.mark.slow

SPIDERS = """
class Identity(Spider):
    # Cookies, HTTP authentication, user agents and headers.
    name = "identity"
    custom_settings = {
        "COOKIES_DEBUG": True,
        "USER_AGENT": "tests",
        "DEFAULT_REQUEST_HEADERS": {"Accept": "x/y"},
        "HTTPAUTH_USER": "user",
        "HTTPAUTH_PASS": "secret",
        "HTTPAUTH_DOMAIN": f"127.0.0.2:{PORT}",
    }

    async def start(self):
        yield Request(url("/set-cookie/a/1"), callback=self.parse_first)
        yield Request(url("/set-cookie/b/2"), callback=self.parse_first, meta={"cookiejar": 1})
        yield Request(url("/echo?auth", host=2))
        yield Request(url("/echo?given", host=3), cookies={"c": "3"}, headers={"User-Agent": "own", "X-A": ["1", "2"]})
        yield Request(url("/echo?unmerged", host=3), cookies={"d": "4"}, meta={"dont_merge_cookies": True})

    def parse_first(self, response):
        jar = response.meta.get("cookiejar")
        yield Request(url(f"/echo?{jar}"), meta={"cookiejar": jar} if jar else {})

    def parse(self, response):
        told = response.json()
        yield {"url": told["url"], "cookies": told["cookies"], "auth": told["headers"].get("authorization")}


class Proxied(Spider):
    name = "proxied"

    async def start(self):
        yield Request("http://far.invalid/page/1", meta={"proxy": url("/", host=2)})
        yield Request("http://far.invalid/page/2", meta={"proxy": url("/", host=3).replace("//", "//me:word@")})
        yield Request(url("/page/3"))

    def parse(self, response):
        yield {"url": response.url, "title": response.css("title::text").get()}


class Obedient(Spider):
    name = "obedient"
    allowed_domains = ["127.0.0.1", "127.0.0.2"]
    custom_settings = {"ROBOTSTXT_OBEY": True, "DEPTH_LIMIT": 3, "DEPTH_PRIORITY": 1, "DEPTH_STATS_VERBOSE": True}

    async def start(self):
        for host in (1, 2):
            yield Request(url("/page/1", host=host))
            yield Request(url("/binary", host=host), errback=self.failed)
            yield Request(url("/text", host=host), errback=self.failed, meta={"dont_obey_robotstxt": True})

    def parse(self, response):
        yield {"url": response.url, "depth": response.meta["depth"]}
        if response.url.endswith(("/1", "/2", "/3", "/4", "/5")):
            number = int(response.url[-1])
            yield response.follow(f"/page/{number + 1}")
            yield Request(url("/page/9", host=3))
            # One for each page, as the first to ask for it is in its Referer.
            yield Request(url(f"/page/9?{response.url[7:]}", host=3), meta={"allow_offsite": True})

    def failed(self, failure):
        yield {"failed": failure.request.url, "error": failure.type.__name__}


class Many(Spider):
    name = "many"

    async def start(self):
        for number in range(9):
            yield Request(url(f"/page/{number}", host=1 + number % 3))
        yield Request(url("/redirect/2"))
        yield Request(url("/chunked"))

    def parse(self, response):
        yield {"url": response.url, "flags": response.flags, "size": len(response.body)}


class Secure(Spider):
    name = "secure"

    async def start(self):
        for number in range(8):
            yield Request(f"{self.base}/{number}", method="POST" if number % 2 else "GET", body=b"x" * number)

    def parse(self, response):
        yield {"path": response.url.removeprefix(self.base), "protocol": response.protocol, "text": response.text}
"""

H2_SERVER = """
import sys
from twisted.internet import reactor, ssl
from twisted.web.resource import Resource
from twisted.web.server import Site


class Telling(Resource):
    isLeaf = True

    def render(self, request):
        told = f"{request.clientproto.decode()} {request.method.decode()} {len(request.content.read())}"
        request.setHeader("Content-Type", "text/html")
        return f"<p>{told}</p>".encode()


certificate = ssl.PrivateCertificate.loadPEM(open(sys.argv[1], "rb").read())
options = ssl.CertificateOptions(
    privateKey=certificate.privateKey.original, certificate=certificate.original, acceptableProtocols=[b"h2"]
)
port = reactor.listenSSL(0, Site(Telling()), options, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
"""

HANDLERS = {
    "httpx": ("httpx2", "scrapy.core.downloader.handlers._httpx.HttpxDownloadHandler"),
    "aiohttp": ("aiohttp", "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler"),
}


@pytest.fixture(scope="module")
def crawls(site_server, tmp_path_factory):
    with Crawls(site_server, tmp_path_factory.mktemp("network"), SPIDERS) as crawls:
        yield crawls


@pytest.mark.parametrize("reactor", ["asyncio", "none"])
def test_cookies_authentication_robots_offsite_and_depth(crawls, reactor):
    def prepare(site):
        site.set_robots("User-agent: *\nDisallow: /binary\nDisallow: /page/3\n", host=1)

    identity, obedient = crawls.compared("Identity", "Obedient", prepare=prepare, reactor=reactor)
    told = {item["url"].rpartition("?")[2]: item for item in identity.items}
    assert told["None"]["cookies"] == {"a": "1"}
    assert told["1"]["cookies"] == {"b": "2"}
    assert told["auth"]["auth"] == "Basic dXNlcjpzZWNyZXQ="
    assert obedient.stats["robotstxt/forbidden"] == 2
    assert obedient.stats["offsite/filtered"] > 3
    assert obedient.stats["request_depth_max"] == 3


def test_proxies_get_the_requests(site, crawls):
    # The site answers for any host: a request through a proxy has the whole URL in its first line.
    (proxied,) = crawls.compared("Proxied")
    assert len(proxied.items) == 3
    assert {"http://far.invalid/page/1", "http://far.invalid/page/2", "/page/3"} == set(site.paths())
    (second,) = (seen for seen in site.requests if seen.path.endswith("page/2"))
    assert second.headers["proxy-authorization"] == "Basic bWU6d29yZA=="


@pytest.mark.parametrize("policy", ["DummyPolicy", "RFC2616Policy"])
def test_a_second_crawl_is_served_from_the_cache(site, crawls, tmp_path, policy):
    seen = {}
    for addon in (False, True):
        cache = {"HTTPCACHE_ENABLED": True, "HTTPCACHE_DIR": str(tmp_path / str(addon))}
        cache["HTTPCACHE_POLICY"] = f"scrapy.extensions.httpcache.{policy}"
        for turn in range(2):
            site.reset()
            (crawl,) = crawls.run("Many", addon=addon, **cache)
            counts = {name: value for name, value in crawl.stats.items() if name.startswith("httpcache")}
            seen[addon, turn] = sorted(map(str, crawl.items)), sorted(site.paths()), counts
    assert [seen[True, turn] for turn in range(2)] == [seen[False, turn] for turn in range(2)]
    if policy == "DummyPolicy":
        assert seen[True, 0][2]["httpcache/store"] == 12
        assert seen[True, 1][1] == []


@pytest.mark.parametrize(
    "settings",
    [
        {"AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 0.1, "AUTOTHROTTLE_MAX_DELAY": 0.2},
        {"DOWNLOAD_DELAY": 0.1, "CONCURRENT_REQUESTS_PER_DOMAIN": 1},
        {"DOWNLOAD_SLOTS": {"127.0.0.1": {"concurrency": 1, "delay": 0.1, "randomize_delay": False}}},
        {"CONCURRENT_REQUESTS": 2, "RANDOMIZE_DOWNLOAD_DELAY": False, "DOWNLOAD_DELAY": 0.1},
        {"DNS_TIMEOUT": 5, "DOWNLOAD_MAXSIZE": 1500, "DOWNLOAD_WARNSIZE": 500, "RETRY_ENABLED": False},
        {"REDIRECT_ENABLED": False, "COMPRESSION_ENABLED": False, "COOKIES_ENABLED": False, "REFERER_ENABLED": False},
    ],
    ids=["autothrottle", "delay", "slots", "few", "size", "disabled"],
)
def test_settings_of_the_downloader(site, crawls, settings):
    (many,) = crawls.compared("Many", **settings)
    assert many.stats["finish_reason"] == "finished"
    if "DOWNLOAD_DELAY" in settings:
        times = [seen.time for seen in site.requests if seen.host == "127.0.0.1"]
        assert min(later - earlier for earlier, later in pairwise(times)) > 0.01


@pytest.mark.parametrize("name", HANDLERS)
def test_other_download_handlers(crawls, name):
    module, path = HANDLERS[name]
    pytest.importorskip(module, reason=f"the handler needs {module}")
    (many,) = crawls.compared("Many", reactor="none", DOWNLOAD_HANDLERS={"http": path, "https": path})
    assert len(many.items) == 10


@pytest.fixture
def h2_url(tmp_path):
    pytest.importorskip("h2", reason="HTTP/2 needs Twisted[http2]")
    argv = [sys.executable, "-c", H2_SERVER, str(self_signed(tmp_path))]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment()) as server:
        yield f"https://127.0.0.1:{server.stdout.readline().strip()}"
        server.terminate()


def test_http2_over_tls(crawls, h2_url):
    handler = "scrapy.core.downloader.handlers.http2.H2DownloadHandler"
    (secure,) = crawls.compared("Secure", arguments={"base": h2_url}, DOWNLOAD_HANDLERS={"https": handler})
    assert sorted(item["text"] for item in secure.items) == sorted(
        f"<p>HTTP/2 {'POST' if number % 2 else 'GET'} {number}</p>" for number in range(8)
    )
    assert {item["protocol"] for item in secure.items} == {"h2"}
