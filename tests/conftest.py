import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from scrapy_crawl4 import AsyncWebCrawler

from .resources import Held
from .server import Site
from .tls import tls_site

# How long an example takes says more about what else the machine does; pytest-timeout finds what hangs.
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

SLOW_FILES = frozenset(
    f"test_{name}.py"
    for name in (
        "addon",
        "bridge",
        "command",
        "crawl_delay",
        "custom_dispatchers",
        "downloader",
        "downloadermiddlewares",
        "retry_after",
        "scrapy_interplay",
        "spill",
        "spilling",
    )
)
"""Files whose tests start programs, or wait as long as a server asks: marked slow as a whole."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name in SLOW_FILES:
            item.add_marker(pytest.mark.slow)


async def _use_the_engine() -> None:
    async with AsyncWebCrawler():
        pass


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Behind the last test of this process, compare what it holds with what it held before the first one.

    The engine's thread has been started by then: it and its reactor's own pipes live as long as the process.
    Temporary files are made in a folder of this session.
    """
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("tmp"))
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        asyncio.run(_use_the_engine())
        held = Held.now()
        yield
        assert held.added() == []


@pytest.fixture(scope="session")
def site_server() -> Iterator[Site]:
    """The site of the whole test session; tests take `site`."""
    with Site() as site:
        yield site


@pytest.fixture
def site(site_server: Site) -> Site:
    """The site, with nothing recorded."""
    site_server.reset()
    return site_server


@pytest.fixture
async def tls_url(tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a page on a site with TLS; its certificate is self-signed, and lies in `tmp_path`."""
    async with tls_site(tmp_path) as url:
        yield url
