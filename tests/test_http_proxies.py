"""Proxies: which one a try takes, what it is told, and what nobody else is told."""

import json
import logging
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CrawlerRunConfig,
    CrawlTask,
    HTTPCrawlerConfig,
    ProxyConfig,
    ProxyRotationStrategy,
    RoundRobinProxyStrategy,
)
from scrapy_crawl4.config.proxy_rotation import ProxyTurn, most_retries, proxy_of
from scrapy_crawl4.exceptions import UnsupportedOption
from scrapy_crawl4.user_agents import KEYS

from .proxy import Proxy

ROOT = Path(__file__).parent.parent
DEAD = "http://127.0.0.1:1"
FAST = {"mean_delay": 0, "max_range": 0}


@pytest.fixture
def proxies():
    with Proxy() as one, Proxy() as two, Proxy() as three:
        yield [one, two, three]


@pytest.fixture
async def crawler(site):
    async with AsyncWebCrawler() as crawler:
        yield crawler


# Log-in


@pytest.mark.parametrize("login", ["me:pw", "m/e:p@:w%/ ?", "me:"])
@pytest.mark.parametrize("tls", [False, True])
async def test_the_login_reaches_the_proxy_and_nobody_else(site, tls_url, crawler, login, tls):
    url = tls_url if tls else site.url("/echo")
    with Proxy(login) as proxy:
        config = ProxyConfig(proxy.server, *login.split(":", 1))
        result = await crawler.arun(url, proxy_config=config)
    assert result.success, result.error_message
    assert [asked.method for asked in proxy.asked] == ["CONNECT" if tls else "GET"]
    assert "proxy-authorization" in proxy.asked[0].headers
    assert "proxy-" not in result.html.lower()
    assert result.crawl_stats["proxies_used"] == [{"proxy": proxy.server, "status_code": 200}]
    assert result.crawl_stats["resolved_by"] == "proxy"


@pytest.mark.parametrize("form", ["http://me:pw@{}", "{}:me:pw", {"username": "me", "password": "pw"}])
async def test_all_spellings_work(site, crawler, form):
    with Proxy("me:pw") as proxy:
        address = f"127.0.0.1:{proxy.port}"
        spelled = form.format(address) if isinstance(form, str) else {"server": address, **form}
        assert (await crawler.arun(site.url("/page/1"), proxy_config=spelled)).success
    assert proxy.targets() == [site.url("/page/1")]


@pytest.mark.parametrize("tls", [False, True])
async def test_a_wrong_password_is_said_without_it(site, tls_url, crawler, caplog, tls):
    caplog.set_level(logging.DEBUG)
    with Proxy("me:pw") as proxy:
        wrong = ProxyConfig(proxy.server, "me", "secret")
        result = await crawler.arun(tls_url if tls else site.url("/echo"), proxy_config=wrong)
    refused = (
        f"The proxy {proxy.server} refused to connect: HTTP 407 Proxy Authentication Required, check user name and"
    )
    assert result.error_message == (f"{refused} password." if tls else "HTTP 407 Proxy Authentication Required")
    assert result.crawl_stats["proxies_used"] == [{"proxy": proxy.server, "status_code": 407}]
    assert result.crawl_stats["resolved_by"] is None
    assert "secret" not in result.model_dump_json() + caplog.text
    assert site.requests == []


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (DEAD, "cannot be reached: connection refused."),
        ("http://nowhere.invalid:1", "cannot be reached: its host name cannot be resolved."),
    ],
)
async def test_a_proxy_that_is_not_there(site, crawler, server, why):
    result = await crawler.arun(site.url("/page/1"), proxy_config=ProxyConfig(server, "me", "secret"))
    assert result.error_message == f"The proxy {server} {why}"
    assert "secret" not in result.model_dump_json()
    assert site.requests == []


async def test_socks_is_refused_wherever_it_is_asked_for(site, crawler):
    result = await crawler.arun(CrawlTask(site.url("/page/1"), meta={"proxy": "socks5://127.0.0.1:1"}))
    assert result.error_message == "Not supported: a socks5 proxy; use http:// or https://."
    with pytest.raises(UnsupportedOption, match=r"^proxies cannot be a proxy of the scheme 'socks5'"):
        RoundRobinProxyStrategy(["socks5://h:1"])


# Which one


async def test_each_task_may_have_its_own(site, crawler, proxies):
    configs = [CrawlerRunConfig(proxy_config=proxy.server, **FAST) for proxy in proxies]
    tasks = [CrawlTask(site.url(f"/page/{number}"), config=configs[number % 3]) for number in range(9)]
    tasks.append(CrawlTask(site.url("/page/9"), meta={"proxy": proxies[0].server}))
    tasks.append(site.url("/page/10"))
    results = await crawler.arun_many(tasks, **FAST)
    assert all(result.success for result in results)
    wanted = [[site.url(f"/page/{number}") for number in range(first, 9, 3)] for first in range(3)]
    assert [sorted(proxy.targets()) for proxy in proxies] == [[*wanted[0], site.url("/page/9")], wanted[1], wanted[2]]
    assert results[10].crawl_stats["resolved_by"] == "direct"


async def test_direct_passes_by_the_proxy_of_the_environment(site, proxies, monkeypatch):
    monkeypatch.setenv("http_proxy", proxies[0].server)
    monkeypatch.delenv("no_proxy", raising=False)
    async with AsyncWebCrawler() as crawler:
        assert (await crawler.arun(site.url("/page/1"), proxy_config="direct")).success
        assert proxies[0].asked == []
        result = await crawler.arun(site.url("/page/2"))
    assert proxies[0].targets() == [site.url("/page/2")]
    assert result.crawl_stats["resolved_by"] == "proxy"


@pytest.mark.parametrize("tls", [False, True])
async def test_a_list_is_for_escalation(site, tls_url, crawler, proxies, tls):
    url = tls_url if tls else site.url("/echo")
    with Proxy(status=403) as blocked, Proxy(status=502) as broken, Proxy("me:pw") as closed:
        chain = [
            DEAD,
            blocked.server,
            broken.server,
            ProxyConfig(closed.server, "me", "no"),
            proxies[0].server,
            "direct",
        ]
        result = await crawler.arun(url, proxy_config=chain)
    assert result.success, result.error_message
    statuses = [None, 403, 502, 407, 200]
    servers = [DEAD, blocked.server, broken.server, closed.server, proxies[0].server]
    used = [{"proxy": server, "status_code": status} for server, status in zip(servers, statuses, strict=True)]
    assert result.crawl_stats["proxies_used"] == used
    assert (result.crawl_stats["attempts"], result.crawl_stats["retries"]) == (5, 4)
    assert "proxy-authorization" not in proxies[0].asked[0].headers


async def test_a_list_may_end_with_no_proxy_or_without_a_page(site, crawler):
    result = await crawler.arun(site.url("/page/1"), proxy_config=[DEAD, "direct"])
    assert (result.success, result.crawl_stats["resolved_by"]) == (True, "direct")
    result = await crawler.arun(site.url("/status/403"), proxy_config=["direct", DEAD])
    assert result.error_message.startswith("The proxy http://127.0.0.1:1 cannot be reached")
    result = await crawler.arun(site.url("/status/404"), proxy_config=["direct", DEAD])
    assert (result.status_code, result.crawl_stats["attempts"]) == (404, 1)


def test_max_retries_counts_rounds_over_a_list():
    assert most_retries(CrawlerRunConfig(proxy_config=["h:1", "h:2"], max_retries=2)) == 5
    assert most_retries(CrawlerRunConfig(proxy_config=["h:1"], max_retries=2)) == 2
    assert most_retries(CrawlerRunConfig()) == 0


# Rotation


async def test_tasks_take_turns(site, crawler, proxies):
    strategy = RoundRobinProxyStrategy([proxy.server for proxy in proxies])
    config = CrawlerRunConfig(proxy_rotation_strategy=strategy, semaphore_count=9, **FAST)
    results = await crawler.arun_many(site.urls(9), config=config)
    taken = [result.crawl_stats["proxies_used"][0]["proxy"] for result in results]
    assert taken == [proxies[number % 3].server for number in range(9)]
    again = [await crawler.arun(site.url("/page/1"), config=config) for _ in range(4)]
    taken = [result.crawl_stats["proxies_used"][0]["proxy"] for result in again]
    assert taken == [proxies[number % 3].server for number in (1, 2, 0, 1)]
    assert config == CrawlerRunConfig(proxy_rotation_strategy=strategy, semaphore_count=9, **FAST)


async def test_another_try_takes_another_proxy(site, crawler, proxies):
    strategy = RoundRobinProxyStrategy([DEAD, proxies[0].server])
    config = CrawlerRunConfig(proxy_rotation_strategy=strategy, max_retries=1, **FAST)
    result = await crawler.arun(site.url("/page/1"), config=config)
    assert [used["proxy"] for used in result.crawl_stats["proxies_used"]] == [DEAD, proxies[0].server]


async def test_a_session_sticks_to_its_proxy(site, crawler, proxies):
    strategy = RoundRobinProxyStrategy([proxy.server for proxy in proxies])
    config = CrawlerRunConfig(proxy_rotation_strategy=strategy, proxy_session_id="a", **FAST)
    for _ in range(2):
        await crawler.arun_many(site.urls(5), config=config)
    assert sorted(len(proxy.asked) for proxy in proxies) == [0, 0, 10]
    moving = config.clone(proxy_session_ttl=1e-6)
    for number in range(20):
        await crawler.arun(site.url(f"/page/{number}"), config=moving)
    assert sum(1 for proxy in proxies if proxy.asked) > 1


async def test_a_session_is_released_at_the_end_of_a_run(site, crawler, proxies):
    strategy = RoundRobinProxyStrategy([proxy.server for proxy in proxies])
    config = CrawlerRunConfig(
        proxy_rotation_strategy=strategy, proxy_session_id="a", proxy_session_auto_release=True, **FAST
    )
    taken = set()
    for _ in range(30):
        results = await crawler.arun_many(site.urls(2), config=config)
        of_run = {result.crawl_stats["proxies_used"][0]["proxy"] for result in results}
        assert len(of_run) == 1
        taken |= of_run
    assert len(taken) > 1


@given(st.text(), st.integers(1, 9), st.floats(0, 1e6), st.integers(0, 9))
def test_the_choice_of_a_session_is_pure_and_moves_on_in_turn(session, count, elapsed, attempt):
    strategy = RoundRobinProxyStrategy([f"h:{number}" for number in range(1, count + 1)])
    config = CrawlerRunConfig(proxy_rotation_strategy=strategy, proxy_session_id=session, proxy_session_ttl=60)
    turn = ProxyTurn(index=attempt, attempt=attempt)
    first = proxy_of(config, turn, elapsed=elapsed)
    assert proxy_of(config, ProxyTurn(index=7), elapsed=elapsed) == first
    rounds = [proxy_of(config, turn, elapsed=elapsed + 60 * number).server for number in range(count)]
    assert sorted(rounds) == [f"http://h:{number}" for number in range(1, count + 1)]


async def test_a_strategy_of_ones_own(site, crawler, proxies):
    class Even(ProxyRotationStrategy):
        def choose(self, turn):
            return proxies[0].server if turn.index % 2 == 0 else "direct"

    class Broken(ProxyRotationStrategy):
        def choose(self, turn):
            return 5

    results = await crawler.arun_many(site.urls(4), proxy_rotation_strategy=Even(), **FAST)
    assert [result.crawl_stats["resolved_by"] for result in results] == ["proxy", "direct", "proxy", "direct"]
    result = await crawler.arun(site.url("/page/1"), proxy_rotation_strategy=Broken())
    assert (
        "The choice of proxy_rotation_strategy must be a ProxyConfig, a dict or a string, got 5" in result.error_message
    )


def test_strategies_are_values():
    strategy = RoundRobinProxyStrategy(["http://me:secret@h:1", "direct"])
    assert strategy == RoundRobinProxyStrategy([ProxyConfig("h:1", "me", "secret"), ProxyConfig.DIRECT])
    assert strategy != RoundRobinProxyStrategy(["direct"])
    assert "secret" not in repr(strategy)
    config = CrawlerRunConfig(proxy_rotation_strategy=strategy)
    assert json.loads(json.dumps(config.dump()))["params"]["proxy_rotation_strategy"]["proxies"][1] == "direct"
    assert CrawlerRunConfig.load(config.dump()) == config
    assert RoundRobinProxyStrategy().choose(ProxyTurn()) is None
    with pytest.raises(UnsupportedOption, match=r"^add_proxies\(\) would change a list that crawls read"):
        strategy.add_proxies(["h:2"])
    with pytest.raises(ValueError, match=r"^proxies must be a list of proxies, got 'h:1'"):
        RoundRobinProxyStrategy("h:1")
    with pytest.raises(TypeError):
        ProxyRotationStrategy()


# What a connection carries


async def test_cookies_and_headers_are_those_of_the_site_whatever_the_proxy(site, crawler, proxies):
    config = CrawlerRunConfig(session_id="s", proxy_config=proxies[0].server)
    await crawler.arun(site.url("/set-cookie/a/1"), config=config)
    result = await crawler.arun(site.url("/echo"), config=config.clone(proxy_config=proxies[1].server))
    assert json.loads(result.html)["cookies"] == {"a": "1"}
    result = await crawler.arun(site.url("/echo"), proxy_config=proxies[0].server)
    assert json.loads(result.html)["cookies"] == {}


async def test_verification_is_of_the_site_behind_the_proxy(tls_url, proxies):
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(verify_ssl=True)) as crawler:
        result = await crawler.arun(tls_url, proxy_config=proxies[0].server)
    assert result.error_message.startswith("TLS failed: ")


# What is written about it


def test_the_example_of_the_documentation():
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "http.md").read_text("utf-8"), re.DOTALL)[1]
    names = {"ProxyRotationStrategy": ProxyRotationStrategy}
    exec(code, names)
    config = CrawlerRunConfig(proxy_rotation_strategy=names["ByTask"]())
    assert proxy_of(config, ProxyTurn(index=13)).server == "http://127.0.0.1:8003"
    assert proxy_of(config, ProxyTurn(index=13, attempt=1)) == "direct"


async def test_the_tables_of_the_documentation_are_complete(site, crawler):
    text = (ROOT / "docs" / "http.md").read_text("utf-8")
    told = set(re.findall(r"`(\w+)`", " ".join(line.split("|")[1] for line in text.splitlines() if line[:3] == "| `")))
    result = await crawler.arun(site.url("/page/1"))
    assert told == KEYS | result.crawl_stats.keys()
