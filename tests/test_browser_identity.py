"""Who a page of the browser is: languages, places, user agents, credentials, proxies, profiles; and which browser."""

import base64
import json
import re

import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BrowserConfig,
    CrawlerRunConfig,
    CrawlTask,
    GeolocationConfig,
    SemaphoreDispatcher,
)

from .agents import EDGE, FIREFOX, IPHONE, WINDOWS
from .browser import FAST, NEEDS_BROWSER, browsers, lasting_crawler
from .proxy import Proxy

pytestmark = NEEDS_BROWSER

SELF = """(async () => { const hints = navigator.userAgentData; return {
    agent: navigator.userAgent, platform: navigator.platform, vendor: navigator.vendor, webdriver: navigator.webdriver,
    languages: navigator.languages, plugins: navigator.plugins.length, chrome: typeof window.chrome,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone, number: (1234.5).toLocaleString(),
    brands: hints ? hints.brands.map(one => one.brand + ' ' + one.version) : null,
    system: hints ? hints.platform : null,
    full: hints ? (await hints.getHighEntropyValues(['fullVersionList'])).fullVersionList.map(one => one.version)
        : null,
    echo: await (await fetch('/echo' + location.search)).json(), cookie: document.cookie, scale: devicePixelRatio,
    place: await new Promise(done =>
        navigator.geolocation.getCurrentPosition(
            ({coords}) => done([coords.latitude, coords.longitude, coords.accuracy]), () => done(null))),
}})()"""


def echoed(result):
    assert result.success, result.error_message
    return json.loads(result.html)


def said(result):
    """What `SELF` said, as js_code."""
    assert result.success, result.error_message
    return result.js_execution_result["results"][0]


@pytest.fixture(scope="module")
def shared():
    with lasting_crawler(config=BrowserConfig()) as crawler:
        yield crawler


@pytest.fixture
def crawler(shared, site):
    return shared


async def test_eight_pages_at_a_time_are_eight_visitors(site, crawler):
    with Proxy() as first, Proxy(login="me:pw") as second:
        options = [
            {"locale": "de-DE", "timezone_id": "Europe/Berlin"},
            {"locale": "ja", "timezone_id": "Asia/Tokyo", "user_agent": FIREFOX},
            {"user_agent": WINDOWS, "geolocation": {"latitude": 1.5, "longitude": 2.5, "accuracy": 3}},
            {"user_agent": EDGE, "locale": "fr-FR"},
            {"proxy_config": first.server, "timezone_id": "America/New_York"},
            {"proxy_config": {"server": second.server, "username": "me", "password": "pw"}, "locale": "es"},
            {"geolocation": GeolocationConfig(-10, 20), "user_agent": "robot/1"},
            {},
        ]
        base = CrawlerRunConfig(js_code=SELF, **FAST)
        tasks = [
            CrawlTask(site.url(f"/page/0?{number}"), base.clone(**own), cookies={"own": str(number)})
            for number, own in enumerate(options)
        ]
        results = await crawler.arun_many(tasks, dispatcher=SemaphoreDispatcher(8))
        asked = {f"?{target.rpartition('?')[2]}" for target in first.targets()}, second.targets()
    for number, (own, result) in enumerate(zip(options, results, strict=True)):
        page = said(result)
        head = page["echo"]["headers"]
        assert (page["cookie"], page["echo"]["cookies"]) == (f"own={number}", {"own": str(number)})
        assert page["agent"] == head["user-agent"]
        assert own.get("user_agent", page["agent"]) == page["agent"]
        assert ("Headless" in page["agent"]) == ("user_agent" not in own)
        language = own.get("locale", "en-US")
        assert (page["languages"][0], head["accept-language"].partition(",")[0]) == (language, language)
        assert page["zone"] == own["timezone_id"] if "timezone_id" in own else page["zone"]
        assert (page["place"] is not None) == ("geolocation" in own)
    assert [said(results[number])["number"] for number in (0, 3)] == ["1.234,5", "1\u202f234,5"]
    assert said(results[2])["place"] == [1.5, 2.5, 3]
    assert {target for target in asked[0] if len(target) == 2} == {"?4"}
    assert any(target.endswith("?5") for target in asked[1])
    assert not any(target.endswith(("?4", "?7")) for target in asked[1])


async def test_user_agents_agree_with_what_scripts_are_told(site, crawler):
    config = CrawlerRunConfig(js_code=SELF, **FAST)
    agents = {"chrome": WINDOWS, "edge": EDGE, "firefox": FIREFOX, "phone": IPHONE, "robot": "robot/1"}
    tasks = [CrawlTask(site.url("/page/0"), config.clone(user_agent=agent)) for agent in agents.values()]
    pages = dict(zip(agents, map(said, await crawler.arun_many(tasks)), strict=True))
    heads = {name: page["echo"]["headers"] for name, page in pages.items()}
    assert pages["chrome"]["brands"][1:] == ["Chromium 133", "Google Chrome 133"]
    assert pages["edge"]["full"][1:] == ["133.0.0.0", "133.0.3065.59"]
    assert '"Microsoft Edge";v="133"' in heads["edge"]["sec-ch-ua"]
    assert heads["chrome"]["sec-ch-ua-platform"] == '"Windows"'
    assert [pages[name]["brands"] for name in ("firefox", "phone", "robot")] == [None] * 3
    assert not [name for name in ("firefox", "phone", "robot") if "sec-ch-ua" in heads[name]]
    assert [page["platform"] for page in pages.values()] == ["Win32"] * 3 + ["iPhone", "Linux x86_64"]
    assert [page["vendor"] for page in pages.values()] == ["Google Inc."] * 2 + [
        "",
        "Apple Computer, Inc.",
        "Google Inc.",
    ]


async def test_frames_of_other_sites_are_told_the_same(site, crawler):
    told = "parent.postMessage(JSON.stringify(own), '*')"
    site.put("/me", f"<script>{SELF}.then(own => {told})</script>")
    frame = f"http://localhost:{site.port}/me"
    site.put(
        "/frames", f"<iframe src='{frame}'></iframe><script>onmessage = seen => document.title = seen.data</script>"
    )
    config = CrawlerRunConfig(wait_for="js:() => document.title", **FAST)
    for agent in (WINDOWS, FIREFOX):
        result = await crawler.arun(site.url("/frames"), config, user_agent=agent)
        assert result.success, result.error_message
        own = json.loads(result.metadata["title"])
        assert (own["agent"], own["platform"]) == (agent, "Win32")
        assert own["brands"] == (["Not:A-Brand 8", "Chromium 133", "Google Chrome 133"] if agent == WINDOWS else None)


async def test_credentials_go_to_the_tasks_own_site_alone(site, crawler):
    other = site.url("", host=2).rstrip("/")
    site.put("/shows", f"<img src={other}/there.png><img src=/here.png><iframe src={other}/page/3></iframe>")
    headers = {"Authorization": "Bearer 1", "X-Api-Key": "2", "X-Own": "3", "Cookie": "a=b"}
    away = CrawlTask(site.url(f"/redirect-to?url={other}/echo"), headers=headers)
    near = CrawlTask(site.url("/redirect-to?url=/echo"), headers=headers)
    shown = CrawlTask(site.url("/shows"), headers=headers)
    results = await crawler.arun_many([away, near, shown], wait_until="load", **FAST)
    assert not {"authorization", "x-api-key", "cookie"} & echoed(results[0])["headers"].keys()
    assert echoed(results[0])["headers"]["x-own"] == "3"
    seen = echoed(results[1])
    assert {name: seen["headers"].get(name) for name in ("authorization", "x-api-key", "x-own")} == {
        "authorization": "Bearer 1",
        "x-api-key": "2",
        "x-own": "3",
    }
    assert seen["cookies"] == {"a": "b"}
    assert results[2].success
    sent = {(seen.host, seen.path): seen.headers for seen in site.requests}
    assert sent[site.hosts[0], "/here.png"]["authorization"] == "Bearer 1"
    for path in ("/there.png", "/page/3"):
        assert not {"authorization", "x-api-key", "cookie"} & sent[site.hosts[1], path].keys()


async def test_log_ins_of_addresses(site, crawler):
    site.put("/secret", "no", status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
    site.put("/open", "<p>in</p>")
    urls = [site.url(path).replace("http://", "http://me:pw@") for path in ("/secret", "/open")]
    refused, open_ = await crawler.arun_many(urls, **FAST)
    assert (refused.status_code, refused.error_message) == (401, "HTTP 401 Unauthorized")
    token = "Basic " + base64.b64encode(b"me:pw").decode()
    assert token in [seen.headers.get("authorization") for seen in site.requests if seen.path == "/secret"]
    assert open_.success


async def test_proxies_with_a_log_in_that_is_refused(site, crawler):
    with Proxy(login="me:pw") as proxy:
        given = {"server": proxy.server, "username": "me", "password": "wrong"}
        result = await crawler.arun(site.url("/page/0"), proxy_config=given, **FAST)
    assert (result.success, result.status_code) == (False, 407) or "log-in" in result.error_message


async def test_magic_is_a_visitor_with_a_hand_and_a_browser_like_others(site, crawler):
    site.put(
        "/watches",
        """<div style="height: 3000px"></div><script>window.seen = {};
        for (const kind of ['mousemove', 'wheel', 'click', 'keydown'])
            addEventListener(kind, event => seen[kind] = event.isTrusted, {passive: true})</script>""",
    )
    script = f"return [window.seen, await {SELF}]"
    config = CrawlerRunConfig(js_code=script, **FAST)
    plain, magic, user = await crawler.arun_many(
        [
            CrawlTask(site.url("/watches"), config),
            CrawlTask(site.url("/watches"), config.clone(magic=True, delay_before_return_html=0.1)),
            CrawlTask(
                site.url("/watches"), config.clone(simulate_user=True, override_navigator=True, user_agent="r/1")
            ),
        ]
    )
    seen, page = plain.js_execution_result["results"][0]
    assert (seen, page["webdriver"]) == ({}, True)
    seen, page = magic.js_execution_result["results"][0]
    assert (seen, page["webdriver"]) == ({"mousemove": True, "wheel": True}, False)
    assert "Chrome/" in page["agent"]
    assert "Headless" not in page["agent"]
    assert page["agent"] == page["echo"]["headers"]["user-agent"]
    assert page["plugins"] > 0
    seen, page = user.js_execution_result["results"][0]
    assert ("mousemove" in seen, page["webdriver"], page["agent"]) == (True, False, "r/1")


async def test_what_a_browser_leaves_out_and_says(site):
    site.put("/style.css", "p { color: red }", content_type="text/css")
    page = (
        "<link rel=stylesheet href=/style.css><script src=http://ads.doubleclick.net/ad.js></script>"
        "<script src=http://fine.test/own.js></script><p>text</p>"
    )
    site.put("/page", page)
    rules = f"MAP * {site.hosts[0]}:{site.port}"
    config = BrowserConfig(
        avoid_ads=True,
        avoid_css=True,
        device_scale_factor=2,
        init_scripts=["window.first = 1", "window.second = window.first + 1"],
        user_agent_mode="random",
        user_agent_generator_config={"browser_type": "edge"},
        enable_stealth=True,
        memory_saving_mode=True,
        light_mode=True,
        extra_args=[f"--host-resolver-rules={rules}"],
    )
    script = f"return [window.second, await {SELF}, getComputedStyle(document.querySelector('p')).color]"
    async with AsyncWebCrawler(config=config) as crawler:
        agent = crawler.browser_config.user_agent
        results = await crawler.arun_many([site.url("/page")] * 2, js_code=script, wait_until="load", **FAST)
        over_http = echoed(await crawler.arun(site.url("/echo"), render="http"))
        at_an_ad = await crawler.arun("http://www.doubleclick.net/page/1", **FAST)
        command = " ".join(browsers()[0].cmdline())
    assert "Edg/" in agent
    assert over_http["headers"]["user-agent"] == agent
    for result in results:
        second, own, colour = said(result)
        assert (second, own["agent"], own["scale"], own["webdriver"]) == (2, agent, 2, False)
        assert colour == "rgb(0, 0, 0)"
    assert not {"/style.css", "/ad.js"} & set(site.paths())
    assert "/own.js" in site.paths()
    assert at_an_ad.success, at_an_ad.error_message
    assert "--js-flags=--max-lazy --max-old-space-size=512" in command


async def test_stealth_says_nothing_of_a_program(site):
    async with AsyncWebCrawler(config=BrowserConfig(enable_stealth=True)) as crawler:
        own = said(await crawler.arun(site.url("/page/0"), js_code=SELF, **FAST))
    told = json.dumps(own)
    assert "Headless" not in told
    assert re.search(r"Chrome/\d+\.0\.0\.0", own["agent"])
    assert (own["webdriver"], own["plugins"] > 0, bool(own["languages"]), own["chrome"]) == (
        False,
        True,
        True,
        "object",
    )


async def test_what_a_session_stored_is_for_another_crawler(site, crawler, tmp_path):
    site.put("/stores", "<script>document.cookie = 'kept=1;max-age=1000'; localStorage.kept = 2</script>")
    file = tmp_path / "state.json"
    for name in ("one", "two"):
        assert (await crawler.arun(CrawlTask(site.url("/stores"), session_id=name), **FAST)).success
    state = await crawler.storage_state("one", path=file)
    assert [cookie["name"] for cookie in state["cookies"]] == ["kept"]
    assert state["origins"][0]["localStorage"] == [{"name": "kept", "value": "2"}]
    assert BrowserConfig(storage_state=file).storage_state == state == json.loads(file.read_text("utf-8"))
    await crawler.kill_session("one")
    await crawler.crawler_strategy.kill_session("two")
    await crawler.kill_session("nobody")
    for name in ("one", "two", "nobody"):
        with pytest.raises(ValueError, match=rf"^The browser has no session '{name}'\.$"):
            await crawler.storage_state(name)
        assert echoed(await crawler.arun(CrawlTask(site.url("/echo"), session_id=name), **FAST))["cookies"] == {}
    with pytest.raises(ValueError, match="has no profile: name a session"):
        await crawler.storage_state()


async def test_a_session_over_http_ends_too(site):
    async with AsyncWebCrawler() as crawler:
        await crawler.kill_session("s")
        task = CrawlTask(site.url("/echo"), session_id="s")
        await crawler.arun(CrawlTask(site.url("/set-cookie/a/b"), session_id="s"))
        assert echoed(await crawler.arun(task))["cookies"] == {"a": "b"}
        await crawler.kill_session("s")
        assert echoed(await crawler.arun(task))["cookies"] == {}
