"""Values that say who a page is: checks of the configuration, client hints, credentials, hosts of ads."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import BrowserConfig, CrawlerRunConfig, GeolocationConfig
from scrapy_crawl4.browser import Identity, PageFailed
from scrapy_crawl4.browser.ads import ADS, is_ad
from scrapy_crawl4.browser.client_hints import override_of
from scrapy_crawl4.browser.credentials import origin_of, split_credentials

from .agents import ANDROID, EDGE, FIREFOX, IPHONE, WINDOWS


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("locale", "de", "de"),
        ("locale", "pt_BR", "pt-BR"),
        ("locale", "zh-Hant-TW", "zh-Hant-TW"),
        ("timezone_id", "Europe/Berlin", "Europe/Berlin"),
        ("geolocation", {"latitude": 1, "longitude": 2}, GeolocationConfig(1, 2)),
        ("geolocation", GeolocationConfig(1, 2, 3), GeolocationConfig(1, 2, 3)),
    ],
)
def test_who_a_page_is_is_read_when_the_config_is_made(name, value, kept):
    config = CrawlerRunConfig(**{name: value})
    assert getattr(config, name) == kept
    assert CrawlerRunConfig.load(config.dump()) == config.clone() == config


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("locale", "German", "locale must be a language tag such as 'de' or 'pt-BR', got 'German'"),
        ("locale", 5, "locale must be a language tag"),
        ("timezone_id", "Europe/Nowhere", "timezone_id must be the name of a time zone such as 'Europe/Berlin', got"),
        ("timezone_id", "../etc/passwd", "timezone_id must be the name of a time zone"),
        ("timezone_id", "", "timezone_id must be the name of a time zone"),
        ("timezone_id", 1, "timezone_id must be the name of a time zone"),
        ("geolocation", "Berlin", "geolocation must be a GeolocationConfig, or a dict with latitude and longitude"),
        ("geolocation", {"latitude": 1}, "geolocation must be a GeolocationConfig, or a dict"),
        ("geolocation", {"latitude": 91, "longitude": 0}, "latitude must be a number of degrees"),
        ("magic", 1, "magic must be True or False"),
    ],
)
def test_wrong_values_are_refused(name, value, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        CrawlerRunConfig(**{name: value})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device_scale_factor": 0}, "device_scale_factor must be a positive number of device pixels"),
        ({"user_agent_mode": "all"}, "user_agent_mode must be None or 'random'"),
        (
            {"user_agent_mode": "random", "user_agent_generator_config": {"browser_type": "lynx"}},
            r"user_agent_generator_config\['browser_type'\] must be one of",
        ),
        ({"init_scripts": "alert()"}, "init_scripts must be a list of strings"),
        ({"cdp_url": "127.0.0.1:9222"}, "cdp_url must be an address such as"),
        ({"cdp_url": "ftp://key@host"}, "cdp_url must be an address such as"),
        ({"cdp_url": "http://[bad"}, "cdp_url must be an address such as"),
        ({"cdp_url": "http://h:1", "extra_args": ["--a"]}, "cdp_url and extra_args cannot be given together"),
        ({"cdp_url": "http://h:1", "use_persistent_context": True}, "cdp_url and use_persistent_context cannot be"),
        ({"user_data_dir": "x"}, "user_data_dir is the folder of a persistent profile"),
        ({"use_persistent_context": True, "user_data_dir": 5}, "user_data_dir must be the path of a folder, got 5"),
        (
            {"use_persistent_context": True, "storage_state": {"cookies": []}},
            "storage_state and use_persistent_context cannot be",
        ),
    ],
)
def test_options_of_a_browser_that_do_not_go_together(options, message):
    with pytest.raises(ValueError, match=f"^{message}") as error:
        BrowserConfig(**options)
    assert "//key" not in str(error.value)


@pytest.mark.parametrize(
    ("agent", "platform", "system", "brand"),
    [
        (WINDOWS, "Win32", "Windows", "Google Chrome 133"),
        (EDGE, "Win32", "Windows", "Microsoft Edge 133"),
        (ANDROID, "Linux armv81", "Android", "Google Chrome 133"),
        (FIREFOX, "Win32", None, None),
        (IPHONE, "iPhone", None, None),
        ("robot/1", None, None, None),
    ],
)
def test_client_hints_follow_from_the_user_agent(agent, platform, system, brand):
    override = override_of(agent)
    hints = override.get("userAgentMetadata")
    assert (override["userAgent"], override.get("platform")) == (agent, platform)
    assert (hints and hints["platform"]) == system
    assert brand is None or brand in [f"{one['brand']} {one['version']}" for one in hints["brands"]]
    assert hints is None or hints["mobile"] == ("Mobile" in agent)


@given(st.text())
def test_every_user_agent_has_an_override(agent):
    assert override_of(agent)["userAgent"] == agent


def test_credentials_are_told_from_other_headers():
    headers = dict.fromkeys(
        ["authorization", "x-api-key", "x-auth-token", "x-csrf-token", "api_key", "x-session", "accept", "x-own"], "1"
    )
    others, own = split_credentials(headers)
    assert list(others) == ["accept", "x-own"]
    assert len(own) == 6


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://Example.org:80/a", "http://example.org"),
        ("https://me:pw@example.org:444/a?b", "https://example.org:444"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("file:///a", ""),
        ("", ""),
    ],
)
def test_origins_are_as_a_browser_writes_them(url, origin):
    assert origin_of(url) == origin


def test_ads_are_known_by_their_hosts():
    assert is_ad("stats.g.doubleclick.net")
    assert is_ad("doubleclick.net")
    assert not is_ad("notdoubleclick.net")
    assert not is_ad("net")
    assert all(host == host.lower() and "/" not in host for host in ADS)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("X Token", "1", "'x token' is no name of a header."),
        ("X-Token", "a\nb", "The value of the header 'x-token' has a line break or a NUL character."),
        ("Host", "example.org", "The header 'host' is the browser's own: leave it out, or use render='http'."),
        ("Proxy-Authorization", "x", "The header 'proxy-authorization' is the browser's own: leave it out,"),
    ],
)
def test_headers_that_no_page_sends_are_refused(name, value, sentence):
    with pytest.raises(PageFailed) as caught:
        Identity.of(BrowserConfig(), headers={name: value})
    assert str(caught.value).startswith(sentence)


def test_white_space_around_a_header_is_left_out():
    identity = Identity.of(
        BrowserConfig(headers={"X-A": " 1"}), url="http://a/", headers={"Authorization": "Bearer x\n"}
    )
    assert (identity.headers, identity.credentials) == ((("x-a", "1"),), (("authorization", "Bearer x"),))
