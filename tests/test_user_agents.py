"""User agents at random: which ones, and that a key stands for one."""

import re

import pytest

from scrapy_crawl4 import CrawlerRunConfig
from scrapy_crawl4.exceptions import UnsupportedOption
from scrapy_crawl4.user_agents import user_agent_of, user_agents


def drawn(count=200, **wanted):
    config = CrawlerRunConfig(user_agent_mode="random", user_agent_generator_config=wanted)
    return [user_agent_of(config, str(number)) for number in range(count)]


def test_a_key_stands_for_one_user_agent():
    assert drawn() == drawn()
    assert len(set(drawn())) > 20


@pytest.mark.parametrize(
    ("wanted", "every", "none"),
    [
        ({}, ["Mozilla/5.0"], ["Mobile", "Android", "Linux"]),
        ({"device_type": "mobile"}, ["Mobile"], ["Windows NT"]),
        ({"device_type": "mobile", "os_type": "android"}, ["Android"], ["iPhone"]),
        ({"os_type": "ios"}, ["Mac OS X", "Mobile"], ["Android"]),
        ({"os_type": "linux", "browser_type": "firefox"}, ["Linux", "Firefox/"], ["Chrome"]),
        ({"browser_type": "edge"}, ["Edg"], ["Firefox"]),
        ({"browsers": ["Chrome"], "os": "Windows"}, ["Windows NT", "Chrome/"], ["Edg/", "Macintosh"]),
        ({"platforms": ["mobile"], "os": ["iOS"], "browsers": ["Mobile Safari"]}, ["Safari/"], ["CriOS"]),
        ({"browsers": "Firefox", "min_version": 136}, ["Firefox/13"], ["Firefox/12", "Firefox/135"]),
        ({"browsers": "Netscape", "fallback": "Mozilla/4.0"}, ["Mozilla/4.0"], []),
    ],
)
def test_what_is_wanted_is_what_comes(wanted, every, none):
    for agent in drawn(**wanted):
        assert all(part in agent for part in every), agent
        assert not any(part in agent for part in none), agent


@pytest.mark.parametrize("device", ["desktop", "mobile", "tablet"])
def test_all_are_fit_for_a_header(device):
    agents = user_agents({"device_type": device, "os": ["Windows", "Mac OS X", "Linux", "Android", "iOS"]})
    assert [agent for agent in agents if not (agent.startswith("Mozilla/5.0 (") and agent.isprintable())] == []
    assert len(set(agents)) == len(agents) > 10


def test_versions_are_those_of_the_last_years_unless_others_are_asked_for():
    edges = user_agents({"browser_type": "edge"})
    assert all("Edg/" in agent for agent in edges)  # the earliest ones say Edge/
    assert any("Edge/18" in agent for agent in user_agents({"browser_type": "edge", "min_version": 0}))
    phones = user_agents({"os_type": "android", "browser_type": "chrome"})
    assert not [agent for agent in phones if re.search(r"Chrome/\d\d\.", agent)]


def test_a_share_leaves_the_most_common_ones():
    assert 0 < len(user_agents({"pct_threshold": 0.05})) < len(user_agents({}))


def test_a_name_goes_before_the_list():
    assert user_agent_of(CrawlerRunConfig(user_agent_mode="random", user_agent="me"), "a") == "me"
    assert user_agent_of(CrawlerRunConfig(user_agent="me"), "a") == "me"
    assert user_agent_of(CrawlerRunConfig(), "a") is None
    assert user_agent_of(CrawlerRunConfig(user_agent_mode=""), "a") is None


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"color": "red"}, "user_agent_generator_config has no key 'color': use browser_type, "),
        ({"num_browsers": 3}, "user_agent_generator_config has no key 'num_browsers'"),
        (
            {"device_type": "watch"},
            r"user_agent_generator_config\['device_type'\] must be one of desktop, mobile, tablet",
        ),
        ({"os_type": 5}, r"user_agent_generator_config\['os_type'\] must be a string, got 5"),
        (
            {"browsers": [5]},
            r"user_agent_generator_config\['browsers'\] must be a string or a list of strings, got \[5\]",
        ),
        ({"browsers": 5}, r"user_agent_generator_config\['browsers'\] must be a string or a list of strings, got 5"),
        ({"min_version": "new"}, r"user_agent_generator_config\['min_version'\] must be a number, got 'new'"),
        ({"browsers": ["Netscape"]}, "user_agent_generator_config matches no user agent of the list: ask for less"),
    ],
)
def test_wrong_wishes_are_refused_when_they_are_made(wanted, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        CrawlerRunConfig(user_agent_mode="random", user_agent_generator_config=wanted)


def test_other_modes_are_refused():
    with pytest.raises(ValueError, match=r"^user_agent_mode must be None or 'random', got 'best'"):
        CrawlerRunConfig(user_agent_mode="best")
    with pytest.raises(ValueError, match=r"^user_agent_generator_config must be a dict, got 'mobile'"):
        CrawlerRunConfig(user_agent_generator_config="mobile")


def test_without_the_package_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr("scrapy_crawl4.user_agents.find_spec", lambda name: None)
    with pytest.raises(UnsupportedOption, match=r"needs the package fake-useragent: install scrapy-crawl4\[user-ag"):
        CrawlerRunConfig(user_agent_mode="random", user_agent_generator_config={"min_version": 7.25})
