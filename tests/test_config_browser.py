import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapy_crawl4.config import (
    BrowserConfig,
    CacheMode,
    DisplayMode,
    GeolocationConfig,
    HTTPCrawlerConfig,
    MatchMode,
    ProxyConfig,
    VirtualScrollConfig,
)
from scrapy_crawl4.config.supported import BROWSER, HTTP
from scrapy_crawl4.exceptions import UnsupportedOption

# crawl4ai's parameters; its user_agent is a browser's string and verbose is True, here they are None and False.
BROWSER_DEFAULTS = {
    "browser_type": "chromium",
    "headless": True,
    "browser_mode": "dedicated",
    "use_managed_browser": False,
    "cdp_url": None,
    "browser_context_id": None,
    "target_id": None,
    "cdp_cleanup_on_close": False,
    "cdp_close_delay": 1.0,
    "cache_cdp_connection": False,
    "create_isolated_context": False,
    "use_persistent_context": False,
    "user_data_dir": None,
    "chrome_channel": "chromium",
    "channel": "chromium",
    "proxy": None,
    "proxy_config": None,
    "viewport_width": 1080,
    "viewport_height": 600,
    "viewport": None,
    "device_scale_factor": 1.0,
    "accept_downloads": False,
    "downloads_path": None,
    "storage_state": None,
    "ignore_https_errors": True,
    "java_script_enabled": True,
    "sleep_on_close": False,
    "verbose": False,
    "cookies": None,
    "headers": None,
    "user_agent": None,
    "user_agent_mode": "",
    "user_agent_generator_config": {},
    "text_mode": False,
    "light_mode": False,
    "extra_args": None,
    "debugging_port": 9222,
    "host": "localhost",
    "enable_stealth": False,
    "avoid_ads": False,
    "avoid_css": False,
    "init_scripts": None,
    "memory_saving_mode": False,
    "max_pages_before_recycle": 0,
}
OTHER = {
    "accept_downloads": True,
    "downloads_path": "/files",
    "cookies": [{"name": "a", "value": "1", "url": "https://example.org"}],
    "avoid_ads": True,
    "avoid_css": True,
    "device_scale_factor": 2.0,
    "enable_stealth": True,
    "init_scripts": ["1"],
    "memory_saving_mode": True,
    "user_agent_generator_config": {"browser_type": "chrome"},
    "user_agent_mode": "random",
    "headers": {"X-A": "1"},
    "ignore_https_errors": False,
    "proxy_config": ProxyConfig("http://127.0.0.1:1"),
    "user_agent": "me",
    "verbose": True,
    "browser_type": "chromium",
    "extra_args": ["--mute-audio"],
    "headless": False,
    "java_script_enabled": False,
    "light_mode": True,
    "max_pages_before_recycle": 100,
    "storage_state": {"cookies": [], "origins": []},
    "text_mode": True,
    "viewport": {"width": 10, "height": 20},
    "viewport_height": 30,
    "viewport_width": 40,
}


def test_has_crawl4ais_parameters_and_defaults():
    assert len(BROWSER_DEFAULTS) == 44
    assert BrowserConfig().to_dict() == BROWSER_DEFAULTS
    assert BrowserConfig(**BROWSER_DEFAULTS) == BrowserConfig()


@pytest.mark.parametrize("name", sorted(set(BROWSER_DEFAULTS) - BROWSER))
def test_parameter_without_effect_is_refused_unless_default(name):
    with pytest.raises(UnsupportedOption, match=rf"^BrowserConfig\({name}='other'\) has no effect yet"):
        BrowserConfig(**{name: "other"})


ANOTHER_WAY = {
    "profile": {"use_persistent_context": True, "user_data_dir": "/profile"},
    "connection": {"cdp_url": "ws://127.0.0.1:1/key"},
}
"""What does not go together with all of these."""


@pytest.mark.parametrize("way", ANOTHER_WAY)
def test_clone_loses_nothing_of_another_browser(way):
    config = BrowserConfig(**ANOTHER_WAY[way])
    assert config.clone() == BrowserConfig.load(config.dump()) == config != BrowserConfig()


def test_clone_loses_nothing():
    assert {*OTHER, *(name for options in ANOTHER_WAY.values() for name in options)} == BROWSER
    config = BrowserConfig(**OTHER)
    assert config.clone() == config
    assert config.clone(verbose=False) == BrowserConfig(**{**OTHER, "verbose": False})
    assert copy.deepcopy(config) == pickle.loads(pickle.dumps(config)) == BrowserConfig.load(config.dump()) == config


def test_headers_and_cookies_are_not_shared_w4():
    headers, cookies = {"X-A": "1"}, [{"name": "a", "value": "1"}]
    config = BrowserConfig(headers=headers, cookies=cookies)
    headers["X-B"] = "2"
    cookies[0]["value"] = "2"
    cookies.append({})
    assert config.headers == {"X-A": "1"}
    assert config.cookies == [{"name": "a", "value": "1"}]
    config.clone().headers["X-C"] = "3"
    assert config.headers == {"X-A": "1"}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("headers", {"a": 1}, "headers must be a dict of strings, got "),
        ("headers", "a: b", "headers must be a dict of strings, got 'a: b'"),
        ("cookies", {"a": "b"}, "cookies must be a list of dicts, got "),
        ("cookies", ["a"], "cookies must be a list of dicts, got "),
        ("user_agent", 5, "user_agent must be a string, got 5"),
        ("ignore_https_errors", None, "ignore_https_errors must be True or False, got None"),
        ("browser_type", "opera", "browser_type must be 'chromium', got 'opera'"),
        ("browser_type", "firefox", "browser_type='firefox' has no effect yet"),
        ("viewport", {"width": 1}, "viewport must be a dict with width and height, got "),
        ("viewport", {"width": 0, "height": 1}, r"viewport\['width'\] must be a whole number of pixels"),
        ("viewport_width", -1, "viewport_width must be a whole number of pixels, 1 or more, got -1"),
        ("storage_state", "/no/such/file", "storage_state must be a dict, or the path of a JSON file"),
        ("storage_state", {"a": 1}, "storage_state must be a dict with 'cookies' and 'origins'"),
        ("extra_args", "--a", "extra_args must be a list of strings"),
    ],
)
def test_wrong_values_are_refused(name, value, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        BrowserConfig(**{name: value})


def test_unknown_names_are_refused():
    with pytest.raises(TypeError, match="did you mean 'headless'"):
        BrowserConfig(headles=True)
    with pytest.raises(TypeError, match="BrowserConfig has no attribute"):
        BrowserConfig().headles = True


def test_defaults_of_one_class_are_not_those_of_another():
    HTTPCrawlerConfig.set_defaults(headers={"X-A": "1"})
    try:
        assert HTTPCrawlerConfig().headers == {"X-A": "1"}
        assert BrowserConfig().headers is None
        assert BrowserConfig.get_defaults() == {}
    finally:
        HTTPCrawlerConfig.reset_defaults()
    assert HTTPCrawlerConfig().headers is None


def test_downloads_need_a_folder():
    for options in ({"accept_downloads": True}, {"downloads_path": "files"}):
        with pytest.raises(ValueError, match="go together"):
            BrowserConfig(**options)


# HTTP


def test_http_config():
    config = HTTPCrawlerConfig(method="post", headers={"a": "b"}, data={"q": "1"}, verify_ssl=False)
    assert config.method == "POST"
    assert config.follow_redirects is True
    assert config.clone() == HTTPCrawlerConfig.load(config.dump()) == config
    assert set(config.to_dict()) == HTTP
    assert HTTPCrawlerConfig(data=b"x").data == b"x"


def test_http_config_refuses_wrong_values():
    for folder in ("", 5, b"files"):
        with pytest.raises(ValueError, match=r"^downloads_path must be the path of a folder, got "):
            HTTPCrawlerConfig(downloads_path=folder)
    with pytest.raises(ValueError, match=r"^data must be a dict, a str or bytes, got 5"):
        HTTPCrawlerConfig(data=5)
    with pytest.raises(ValueError, match=r"^data and json cannot be given together"):
        HTTPCrawlerConfig(data="x", json={})
    config = HTTPCrawlerConfig(data="x")
    with pytest.raises(ValueError, match=r"^data and json"):
        config.json = [1]
    assert config.json is None


# Proxies


@pytest.mark.parametrize(
    ("text", "server", "username", "password", "url"),
    [
        ("http://h:1", "http://h:1", None, None, "http://h:1"),
        ("socks5://h:1", "socks5://h:1", None, None, "socks5://h:1"),
        ("h:1", "http://h:1", None, None, "http://h:1"),
        ("h:1:me:pw", "http://h:1", "me", "pw", "http://me:pw@h:1"),
        ("http://me:pw@h:1", "http://h:1", "me", "pw", "http://me:pw@h:1"),
        ("http://m%40e:p%3Aw@h:1", "http://h:1", "m@e", "p:w", "http://m%40e:p%3Aw@h:1"),
        ("http://me:p@w@h:1", "http://h:1", "me", "p@w", "http://me:p%40w@h:1"),
        ("http://me@h:1", "http://h:1", "me", "", "http://me:@h:1"),
    ],
)
def test_proxy_strings(text, server, username, password, url):
    proxy = ProxyConfig.from_string(text)
    assert (proxy.server, proxy.username, proxy.password, proxy.url) == (server, username, password, url)
    assert proxy.ip == "h"


@pytest.mark.parametrize("text", ["", "h", "h:", "a:b:c", "http://", ":::"])
def test_other_proxy_strings_are_refused(text):
    with pytest.raises(ValueError, match=r"(proxy|server) must be"):
        ProxyConfig.from_string(text)


@settings(deadline=None)
@given(st.text(min_size=1), st.text())
def test_proxy_url_can_be_read_again(username, password):
    if not (username + password).isprintable():
        return
    proxy = ProxyConfig("http://h:1", username, password)
    again = ProxyConfig.from_string(proxy.url)
    assert (again.username, again.password, again.server) == (username, password, "http://h:1")


def test_proxy_forms():
    proxy = ProxyConfig("h:1", "me", "pw", ip="10.0.0.1")
    assert proxy.server == "http://h:1"
    assert proxy.to_dict() == {"server": "http://h:1", "username": "me", "password": "pw", "ip": "10.0.0.1"}
    assert ProxyConfig.from_dict(proxy.to_dict()) == proxy.clone() == pickle.loads(pickle.dumps(proxy)) == proxy
    assert proxy.clone(username=None).username is None
    assert ProxyConfig("http://[::1]:80").ip == "::1"
    with pytest.raises(ValueError, match="server must be the address of a proxy"):
        ProxyConfig("http://[bad")
    assert ProxyConfig.DIRECT == "direct"
    with pytest.raises(ValueError, match="server must be the address of a proxy"):
        ProxyConfig(" ")
    with pytest.raises(TypeError):
        ProxyConfig.from_dict({"host": "h"})


def test_password_is_not_shown():
    shown = repr(BrowserConfig(proxy_config="http://me:secret@h:1"))
    assert "secret" not in shown
    assert "me" not in shown.replace("username", "")


def test_proxies_of_the_environment(monkeypatch):
    monkeypatch.setenv("PROXIES", "h:1, http://me:pw@g:2,")
    assert [proxy.url for proxy in ProxyConfig.from_env()] == ["http://h:1", "http://me:pw@g:2"]
    monkeypatch.delenv("PROXIES")
    assert ProxyConfig.from_env() == []


# Small values


def test_geolocation():
    place = GeolocationConfig(52.5, 13.4)
    assert place.to_dict() == {"latitude": 52.5, "longitude": 13.4, "accuracy": 0.0}
    assert GeolocationConfig.from_dict(place.to_dict()) == place.clone() == place
    assert GeolocationConfig(1, 2, None).accuracy == 0.0
    with pytest.raises(ValueError, match="latitude must be a number of degrees from -90 to 90, got 91"):
        GeolocationConfig(91, 0)


def test_virtual_scroll():
    scroll = VirtualScrollConfig("#feed", scroll_by=300)
    assert scroll.to_dict() == {
        "container_selector": "#feed",
        "scroll_count": 10,
        "scroll_by": 300,
        "wait_after_scroll": 0.5,
    }
    assert VirtualScrollConfig.from_dict(scroll.to_dict()) == scroll
    with pytest.raises(ValueError, match="scroll_by must be 'container_height', 'page_height' or a positive"):
        VirtualScrollConfig("#feed", scroll_by="all")


def test_enumerations_have_crawl4ais_values():
    assert [mode.value for mode in CacheMode] == ["enabled", "disabled", "read_only", "write_only", "bypass"]
    assert [mode.value for mode in MatchMode] == ["or", "and"]
    assert [mode.value for mode in DisplayMode] == ["DETAILED", "AGGREGATED"]
