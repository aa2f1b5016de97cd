import copy
import inspect
import pickle
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapy_crawl4.config import (
    CacheMode,
    CrawlerRunConfig,
    GeolocationConfig,
    MatchMode,
    ProxyConfig,
    VirtualScrollConfig,
)
from scrapy_crawl4.config.proxy_rotation import RoundRobinProxyStrategy
from scrapy_crawl4.config.rendering import in_browser
from scrapy_crawl4.config.supported import RUN_BROWSER, RUN_CONTENT, RUN_FETCH
from scrapy_crawl4.exceptions import Crawl4Error, UnsupportedOption

# crawl4ai's parameters; the generator and the chunking it makes by default are None here, and nothing is printed.
DEFAULTS = {
    "word_count_threshold": 1,
    "extraction_strategy": None,
    "chunking_strategy": None,
    "markdown_generator": None,
    "only_text": False,
    "css_selector": None,
    "target_elements": None,
    "excluded_tags": None,
    "excluded_selector": None,
    "keep_data_attributes": False,
    "keep_attrs": None,
    "remove_forms": False,
    "prettiify": False,
    "parser_type": "lxml",
    "scraping_strategy": None,
    "proxy_config": None,
    "proxy_rotation_strategy": None,
    "proxy_session_id": None,
    "proxy_session_ttl": None,
    "proxy_session_auto_release": False,
    "locale": None,
    "timezone_id": None,
    "geolocation": None,
    "fetch_ssl_certificate": False,
    "cache_mode": CacheMode.BYPASS,
    "session_id": None,
    "bypass_cache": False,
    "disable_cache": False,
    "no_cache_read": False,
    "no_cache_write": False,
    "shared_data": None,
    "check_cache_freshness": False,
    "cache_validation_timeout": 10.0,
    "wait_until": "domcontentloaded",
    "page_timeout": 60000,
    "wait_for": None,
    "wait_for_timeout": None,
    "wait_for_images": False,
    "delay_before_return_html": 0.1,
    "mean_delay": 0.1,
    "max_range": 0.3,
    "semaphore_count": 5,
    "js_code": None,
    "js_code_before_wait": None,
    "c4a_script": None,
    "js_only": False,
    "ignore_body_visibility": True,
    "body_visibility_timeout": 30000,
    "scan_full_page": False,
    "scroll_delay": 0.2,
    "max_scroll_steps": None,
    "process_iframes": False,
    "flatten_shadow_dom": False,
    "remove_overlay_elements": False,
    "remove_consent_popups": False,
    "simulate_user": False,
    "override_navigator": False,
    "magic": False,
    "adjust_viewport_to_content": False,
    "screenshot": False,
    "screenshot_wait_for": None,
    "screenshot_height_threshold": 10000,
    "force_viewport_screenshot": False,
    "pdf": False,
    "capture_mhtml": False,
    "image_description_min_word_threshold": 1,
    "image_score_threshold": 2,
    "table_score_threshold": 7,
    "table_extraction": None,
    "exclude_external_images": False,
    "exclude_all_images": False,
    "exclude_social_media_domains": None,
    "exclude_external_links": False,
    "exclude_social_media_links": False,
    "exclude_domains": None,
    "exclude_internal_links": False,
    "score_links": False,
    "preserve_https_for_internal_links": False,
    "verbose": False,
    "log_console": False,
    "capture_network_requests": False,
    "capture_console_messages": False,
    "method": "GET",
    "stream": False,
    "prefetch": False,
    "process_in_browser": False,
    "url": None,
    "base_url": None,
    "check_robots_txt": False,
    "user_agent": None,
    "user_agent_mode": None,
    "user_agent_generator_config": {},
    "deep_crawl_strategy": None,
    "link_preview_config": None,
    "virtual_scroll_config": None,
    "url_matcher": None,
    "match_mode": MatchMode.OR,
    "experimental": None,
    "max_retries": 0,
    "fallback_fetch_function": None,
}
SUPPORTED = RUN_CONTENT | RUN_FETCH | RUN_BROWSER


class Worker:
    """Has the method of every kind of strategy."""

    def generate_markdown(self): ...
    def chunk(self): ...
    def extract(self): ...
    def extract_tables(self): ...
    def scrap(self): ...
    def __call__(self, url): ...


WORKER = Worker()
# A value other than the default for every parameter that works.
OTHER = {
    "word_count_threshold": 5,
    "extraction_strategy": WORKER,
    "chunking_strategy": WORKER,
    "markdown_generator": WORKER,
    "css_selector": "main",
    "target_elements": ["article"],
    "excluded_tags": ["nav"],
    "excluded_selector": ".ad",
    "keep_attrs": ["data-x"],
    "scraping_strategy": WORKER,
    "proxy_config": ProxyConfig("http://127.0.0.1:8080"),
    "proxy_rotation_strategy": RoundRobinProxyStrategy(["http://me:pw@h:1", "direct"]),
    "fallback_fetch_function": WORKER,
    "proxy_session_id": "s",
    "proxy_session_ttl": 60,
    "cache_mode": CacheMode.DISABLED,
    "check_cache_freshness": True,
    "cache_validation_timeout": 2.5,
    "session_id": "s",
    "shared_data": {"a": 1},
    "page_timeout": 5000,
    "mean_delay": 0,
    "max_range": 1.5,
    "semaphore_count": 9,
    "image_description_min_word_threshold": 3,
    "image_score_threshold": 3,
    "table_score_threshold": 5,
    "table_extraction": WORKER,
    "exclude_social_media_domains": ["x.example"],
    "exclude_domains": ["y.example"],
    "method": "POST",
    "url": "https://example.org/",
    "base_url": "https://example.org/",
    "user_agent": "me",
    "user_agent_mode": "random",
    "user_agent_generator_config": {"device_type": "mobile"},
    "url_matcher": "*.html",
    "match_mode": MatchMode.AND,
    "max_retries": 2,
    "render": "browser",
    "fetch_only": True,
    "delay_before_return_html": 0.5,
    "js_code": ["document.title"],
    "wait_for": "css:h1",
    "wait_until": "load",
    "js_code_before_wait": ["scrollTo(0, 99)"],
    "max_scroll_steps": 5,
    "scroll_delay": 0.5,
    "screenshot_height_threshold": 5000,
    "screenshot_wait_for": 0.5,
    "virtual_scroll_config": VirtualScrollConfig("#feed", scroll_by=300),
    "wait_for_timeout": 500,
    "locale": "de-AT",
    "timezone_id": "Europe/Vienna",
    "geolocation": GeolocationConfig(48.2, 16.4),
} | {name: True for name, value in DEFAULTS.items() if value is False and name in SUPPORTED}


@pytest.fixture
def defaults():
    yield CrawlerRunConfig
    CrawlerRunConfig.reset_defaults()


def test_has_crawl4ais_parameters_and_defaults():
    config = CrawlerRunConfig()
    assert len(DEFAULTS) == 100
    assert config.to_dict() == {**DEFAULTS, "render": None, "fetch_only": False}
    parameters = inspect.signature(CrawlerRunConfig).parameters
    assert {name: parameter.default for name, parameter in parameters.items()} == config.to_dict()
    assert CrawlerRunConfig(**DEFAULTS) == config


@pytest.mark.parametrize("name", sorted(set(DEFAULTS) - SUPPORTED))
def test_parameter_without_effect_is_refused_unless_default(name):
    config = CrawlerRunConfig(**{name: DEFAULTS[name]})
    assert config == CrawlerRunConfig()
    with pytest.raises(
        UnsupportedOption, match=rf"^CrawlerRunConfig\({name}='other'\) .*: leave {name} at its default"
    ):
        CrawlerRunConfig(**{name: "other"})
    with pytest.raises(UnsupportedOption, match=name):
        setattr(config, name, "other")
    with pytest.raises(UnsupportedOption, match=name):
        config.clone(**{name: "other"})
    assert pickle.loads(pickle.dumps(config)) == config


def test_unsupported_option_is_a_value_error_of_this_package():
    assert issubclass(UnsupportedOption, ValueError)
    assert issubclass(UnsupportedOption, Crawl4Error)
    with pytest.raises(UnsupportedOption, match="has no effect yet"):
        CrawlerRunConfig(c4a_script="x" * 500)
    with pytest.raises(UnsupportedOption, match="was replaced by cache_mode"):
        CrawlerRunConfig(bypass_cache=True)


@pytest.mark.parametrize("empty", [[], {}, "", ()])
def test_empty_value_asks_for_nothing(empty):
    assert CrawlerRunConfig(js_code=empty) == CrawlerRunConfig()


def test_a_value_is_known_for_every_supported_parameter():
    assert set(OTHER) == SUPPORTED


@pytest.mark.parametrize("name", sorted(SUPPORTED))
def test_clone_loses_nothing(name):
    config = CrawlerRunConfig(**{name: OTHER[name]})
    clone = config.clone(stream=True)
    assert clone == CrawlerRunConfig(**{"stream": True, name: OTHER[name]})
    assert clone is not config
    assert name in repr(config)
    assert config.is_given(name)
    assert CrawlerRunConfig.from_kwargs(config.to_dict()) == config


def test_clone_and_copies_of_everything():
    # The rotation strategy names the proxies, and no content work is wanted together with nothing of it.
    together = OTHER | {"proxy_config": None, "fetch_only": False}
    config = CrawlerRunConfig(**together)
    for other in (config.clone(), copy.copy(config)):
        assert other == config
        assert other.to_dict() == config.to_dict()
    plain = config.clone(**{name: None for name, value in together.items() if value is WORKER})
    for other in (copy.deepcopy(plain), pickle.loads(pickle.dumps(plain)), CrawlerRunConfig.load(plain.dump())):
        assert other == plain
        assert type(other) is CrawlerRunConfig


def test_callers_lists_are_not_shared_w4():
    tags = ["nav"]
    config = CrawlerRunConfig(excluded_tags=tags)
    tags.append("footer")
    clone = config.clone()
    clone.excluded_tags.append("aside")
    assert config.excluded_tags == ["nav"]
    assert clone.excluded_tags == ["nav", "aside"]


def test_proxy_of_a_config_is_not_shared_w3():
    proxy = ProxyConfig("http://127.0.0.1:8080")
    config = CrawlerRunConfig(proxy_config=proxy)
    clone = config.clone()
    clone.proxy_config.username = "other"
    proxy.username = "third"
    assert config.proxy_config.username is None


def test_defaults_are_not_shared_between_configs():
    one, two = CrawlerRunConfig(), CrawlerRunConfig()
    with pytest.raises(TypeError):
        one.user_agent_generator_config["x"] = 1
    one.page_timeout = 5
    assert two.page_timeout == 60000
    assert CrawlerRunConfig().page_timeout == 60000


def test_shared_data_is_the_users_own_object():
    data = {"n": 0}
    assert CrawlerRunConfig(shared_data=data).shared_data is data


def test_equality_and_repr_are_about_values():
    assert CrawlerRunConfig(page_timeout=60000) == CrawlerRunConfig()
    assert CrawlerRunConfig(page_timeout=1) != CrawlerRunConfig()
    assert CrawlerRunConfig() != "config"
    assert repr(CrawlerRunConfig()) == "CrawlerRunConfig()"
    assert repr(CrawlerRunConfig(stream=True, css_selector="p")) == "CrawlerRunConfig(css_selector='p', stream=True)"
    with pytest.raises(TypeError):
        hash(CrawlerRunConfig())


def test_unknown_names_are_refused_everywhere():
    config = CrawlerRunConfig()
    with pytest.raises(TypeError, match="no parameter 'page_timout'; did you mean 'page_timeout'"):
        CrawlerRunConfig(page_timout=5)
    with pytest.raises(TypeError, match="no attribute 'page_timout'; did you mean 'page_timeout'"):
        config.page_timout = 5
    with pytest.raises(TypeError, match=r"no parameter 'zzzzzzzz'$"):
        config.clone(zzzzzzzz=5)
    with pytest.raises(TypeError, match="no parameter 'strem'"):
        CrawlerRunConfig.set_defaults(strem=True)
    with pytest.raises(AttributeError):
        config.page_timout  # noqa: B018


def test_from_kwargs_passes_over_unknown_names():
    assert CrawlerRunConfig.from_kwargs({"stream": True, "nothing": 1}) == CrawlerRunConfig(stream=True)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("page_timeout", -1, "page_timeout must be a positive number of milliseconds, got -1"),
        ("page_timeout", 0, "page_timeout must be a positive number of milliseconds, got 0"),
        ("page_timeout", "60", "page_timeout must be a positive number of milliseconds, got '60'"),
        ("page_timeout", float("nan"), "page_timeout must be a positive number of milliseconds, got nan"),
        ("page_timeout", True, "page_timeout must be a positive number of milliseconds, got True"),
        ("mean_delay", -0.5, "mean_delay must be a number of seconds, 0 or more, got -0.5"),
        ("max_range", None, "max_range must be a number of seconds, 0 or more, got None"),
        ("semaphore_count", 0, "semaphore_count must be a whole number, 1 or more, got 0"),
        ("semaphore_count", 2.5, "semaphore_count must be a whole number, 1 or more, got 2.5"),
        ("max_retries", -1, "max_retries must be a whole number, 0 or more, got -1"),
        ("word_count_threshold", -1, "word_count_threshold must be a whole number of words, 0 or more, got -1"),
        ("stream", 1, "stream must be True or False, got 1"),
        ("css_selector", 5, "css_selector must be a string, got 5"),
        ("excluded_tags", "nav", "excluded_tags must be a list of strings, got 'nav'"),
        ("excluded_tags", [5], r"excluded_tags must be a list of strings, got \[5\]"),
        ("method", "GE T", "method must be the name of an HTTP method such as 'GET', got 'GE T'"),
        ("url_matcher", 5, "url_matcher must be a glob pattern, a function of the URL, or a list of these, got 5"),
        ("match_mode", "xor", r"match_mode must be a MatchMode \('or', 'and'\), got 'xor'"),
        ("cache_mode", "sometimes", "cache_mode must be a CacheMode"),
        ("cache_validation_timeout", 0, "cache_validation_timeout must be a positive number of seconds"),
        (
            "markdown_generator",
            "x",
            r"markdown_generator must be an object with a generate_markdown\(\) method, got 'x'",
        ),
        (
            "markdown_generator",
            Worker,
            r"markdown_generator must be an instance, not a class \(write Worker\(\.\.\.\)\)",
        ),
        ("extraction_strategy", object(), r"extraction_strategy must be an object with a extract\(\) method"),
        ("chunking_strategy", object(), r"chunking_strategy must be an object with a chunk\(\) method"),
        ("proxy_config", 5, "proxy_config must be a ProxyConfig, a dict or a string, got 5"),
        ("render", "firefox", "render must be None, 'http', 'browser' or 'auto', got 'firefox'"),
        ("image_score_threshold", "2", "image_score_threshold must be a number, got '2'"),
    ],
)
def test_wrong_values_are_refused_in_one_sentence(name, value, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        CrawlerRunConfig(**{name: value})
    config = CrawlerRunConfig()
    with pytest.raises(ValueError, match=f"^{message}"):
        setattr(config, name, value)
    assert config == CrawlerRunConfig()


def test_long_values_are_cut_in_messages():
    with pytest.raises(ValueError, match="page_timeout") as caught:
        CrawlerRunConfig(page_timeout="x" * 10_000)
    assert len(str(caught.value)) < 200


def test_values_are_read_in_the_ways_users_write_them():
    config = CrawlerRunConfig(cache_mode="BYPASS", match_mode="and", method="post", excluded_tags=("nav", "form"))
    assert config.cache_mode is CacheMode.BYPASS
    assert config.match_mode is MatchMode.AND
    assert config.method == "POST"
    assert config.excluded_tags == ["nav", "form"]
    assert CrawlerRunConfig(proxy_config="direct").proxy_config == ProxyConfig.DIRECT
    assert CrawlerRunConfig(proxy_config=[]).proxy_config is None
    assert CrawlerRunConfig(proxy_config={"server": "http://h:1"}).proxy_config.server == "http://h:1"
    assert CrawlerRunConfig(proxy_config=["http://h:1"]).proxy_config.server == "http://h:1"
    config.proxy_config = "http://h:2"
    assert config.proxy_config == ProxyConfig("http://h:2")


@pytest.mark.parametrize("mode", [None, "enabled", "ENABLED", CacheMode.ENABLED])
def test_no_cache_mode_is_the_cache_as_in_crawl4ai(mode):
    assert CrawlerRunConfig(cache_mode=mode).cache_mode is CacheMode.ENABLED


def test_what_needs_a_browser_is_no_matter_of_http():
    with pytest.raises(ValueError, match=r"^render='http' cannot be given together with js_code, which needs a brows"):
        CrawlerRunConfig(render="http", screenshot=True, js_code="1")
    config = CrawlerRunConfig(render="http", screenshot=False)
    with pytest.raises(ValueError, match="together with pdf"):
        config.pdf = True


@pytest.mark.parametrize(
    ("options", "has_browser", "is_local", "expected"),
    [
        ({}, False, False, False),
        ({}, True, False, True),
        ({}, True, True, False),
        ({"pdf": False, "delay_before_return_html": 0.1}, False, False, False),
        ({"pdf": True}, False, False, True),
        ({"delay_before_return_html": 1}, False, True, True),
        ({"process_in_browser": True}, False, True, True),
        ({"render": "http"}, True, False, False),
        ({"render": "browser"}, False, False, True),
        ({"render": "browser"}, False, True, True),
    ],
)
def test_which_pages_the_browser_shows(options, has_browser, is_local, expected):
    assert in_browser(CrawlerRunConfig(**options), has_browser=has_browser, is_local=is_local) is expected


def test_list_of_proxies_shares_nothing():
    config = CrawlerRunConfig(proxy_config=["direct", {"server": "http://h:1"}, None, "h:2:me:pw"])
    assert config.proxy_config == ["direct", ProxyConfig("http://h:1"), ProxyConfig("http://h:2", "me", "pw")]
    clone = config.clone()
    clone.proxy_config[1].username = "other"
    clone.proxy_config.pop()
    assert len(config.proxy_config) == 3
    assert config.proxy_config[1].username is None
    assert CrawlerRunConfig.load(config.dump()) == config


@pytest.mark.parametrize("proxy", ["socks5://h:1", ["http://h:1", "socks4://h:1"], {"server": "quic://h:1"}])
def test_proxies_that_http_cannot_use_are_refused(proxy):
    with pytest.raises(UnsupportedOption, match=r"^proxy_config cannot be a proxy of the scheme '(socks.|quic)'"):
        CrawlerRunConfig(proxy_config=proxy)


def test_one_word_decides_over_the_proxy():
    with pytest.raises(ValueError, match=r"^proxy_config and proxy_rotation_strategy cannot be given together"):
        CrawlerRunConfig(proxy_config="direct", proxy_rotation_strategy=RoundRobinProxyStrategy(["h:1"]))
    with pytest.raises(ValueError, match=r"^proxy_rotation_strategy must be a ProxyRotationStrategy such as "):
        CrawlerRunConfig(proxy_rotation_strategy=["h:1"])


# Defaults for all


def test_user_defaults_stand_between_arguments_and_defaults(defaults):
    defaults.set_defaults(page_timeout=5, excluded_tags=["nav"])
    assert defaults.get_defaults() == {"page_timeout": 5, "excluded_tags": ["nav"]}
    assert defaults().page_timeout == 5
    assert defaults(page_timeout=7).page_timeout == 7
    assert defaults(page_timeout=60000).page_timeout == 60000
    defaults().excluded_tags.append("x")
    defaults.get_defaults()["excluded_tags"].append("y")
    assert defaults().excluded_tags == ["nav"]
    defaults.reset_defaults("page_timeout")
    assert defaults.get_defaults() == {"excluded_tags": ["nav"]}
    defaults.reset_defaults()
    assert defaults() == CrawlerRunConfig()
    assert defaults.get_defaults() == {}


def test_user_defaults_are_checked(defaults):
    with pytest.raises(ValueError, match="page_timeout must be"):
        defaults.set_defaults(page_timeout=-1)
    with pytest.raises(UnsupportedOption, match="c4a_script"):
        defaults.set_defaults(c4a_script="GO")
    assert defaults.get_defaults() == {}


def test_user_defaults_do_not_change_configs_that_exist(defaults):
    config = defaults()
    defaults.set_defaults(page_timeout=5)
    assert config.page_timeout == 60000
    assert config.clone().page_timeout == 60000


def test_user_defaults_hold_for_subclasses_and_not_for_others(defaults):
    class Mine(CrawlerRunConfig):
        pass

    defaults.set_defaults(verbose=True)
    assert Mine().verbose is True
    Mine.set_defaults(stream=True)
    assert (Mine().stream, Mine().verbose) == (True, True)
    assert defaults().stream is False


def test_user_defaults_may_be_set_from_several_threads(defaults):
    names = ["only_text", "remove_forms", "prettiify", "prefetch", "stream", "check_robots_txt"]
    barrier = threading.Barrier(len(names))

    def set_one(name):
        barrier.wait()
        defaults.set_defaults(**{name: True})

    threads = [threading.Thread(target=set_one, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert defaults.get_defaults() == dict.fromkeys(names, True)


# Dumps


def test_dump_is_plain_and_load_reads_it():
    config = CrawlerRunConfig(match_mode="and", url_matcher=["*.a", "*.b"], proxy_config="u:1:a:b", page_timeout=5)
    dumped = config.dump()
    assert dumped["type"] == "CrawlerRunConfig"
    assert dumped["params"]["match_mode"] == "and"
    assert dumped["params"]["proxy_config"]["password"] == "b"
    assert CrawlerRunConfig.load(dumped) == config
    assert CrawlerRunConfig.load(dumped["params"]) == config
    crawl4ais = {"type": "CrawlerRunConfig", "params": {"cache_mode": {"type": "CacheMode", "params": "bypass"}}}
    assert CrawlerRunConfig.load(crawl4ais).cache_mode is CacheMode.BYPASS
    typed_dict = {"shared_data": {"type": "dict", "value": {"a": 1}}}
    assert CrawlerRunConfig.load(typed_dict).shared_data == {"a": 1}


def test_function_cannot_be_dumped():
    with pytest.raises(ValueError, match=r"^url_matcher cannot be dumped: <function"):
        CrawlerRunConfig(url_matcher=lambda url: True).dump()


# Matching

LETTERS = st.text("ab/.:?", max_size=12)


def test_glob_matches_the_whole_url_with_case():
    config = CrawlerRunConfig(url_matcher="https://*.example/*.pdf")
    assert config.is_match("https://a.example/x/y.pdf")
    assert not config.is_match("https://a.example/x.PDF")
    assert not config.is_match("see https://a.example/x.pdf")


def test_no_matcher_matches_all_and_an_empty_list_none():
    assert CrawlerRunConfig().is_match("anything")
    assert not CrawlerRunConfig(url_matcher=[]).is_match("anything")
    assert not CrawlerRunConfig(url_matcher=[], match_mode="and").is_match("anything")


def test_function_matches():
    config = CrawlerRunConfig(url_matcher=lambda url: len(url) if url.endswith("x") else 0)
    assert config.is_match("x") is True
    assert config.is_match("y") is False


@settings(deadline=None)
@given(LETTERS, st.lists(LETTERS, max_size=4))
def test_lists_match_by_their_mode(url, parts):
    patterns = [f"*{part.replace('?', '')}*" for part in parts]
    found = [part.replace("?", "") in url for part in parts]
    matchers = [pattern if n % 2 else (lambda u, p=pattern: p.strip("*") in u) for n, pattern in enumerate(patterns)]
    assert CrawlerRunConfig(url_matcher=matchers).is_match(url) == any(found)
    assert CrawlerRunConfig(url_matcher=matchers, match_mode="and").is_match(url) == (bool(found) and all(found))


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_pattern_breaks_matching(pattern, url):
    assert CrawlerRunConfig(url_matcher=pattern).is_match(url) in {True, False}


@settings(deadline=None)
@given(LETTERS)
def test_every_url_matches_itself_without_wildcards(url):
    pattern = url.replace("?", "[?]")
    assert CrawlerRunConfig(url_matcher=pattern).is_match(url)
