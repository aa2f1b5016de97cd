from collections.abc import Iterator

import pytest

from .server import Site


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
