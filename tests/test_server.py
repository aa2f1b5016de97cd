"""The test site itself: what other tests rely on."""

import asyncio
import re
import threading
import time

import aiohttp
import pytest


@pytest.fixture
async def client():
    async with aiohttp.ClientSession() as session:
        yield session


async def test_hosts_share_a_port_and_are_recorded(site, client):
    for host in (1, 2, 8):
        async with client.get(site.url("/page/3?a=1", host=host), headers={"X-Test": "yes"}) as response:
            text = await response.text()
        assert response.status == 200
        assert "<title>Page 3</title>" in text
        assert f">{site.url('/page/3?a=1', host=host)}<" in text
    assert [seen.host for seen in site.requests] == ["127.0.0.1", "127.0.0.2", "127.0.0.8"]
    assert site.paths() == ["/page/3?a=1"] * 3
    assert site.requests[0].headers["x-test"] == "yes"
    assert site.requests[0].time <= time.monotonic()
    site.reset()
    assert site.requests == []


async def test_gate_counts_concurrency(site, client):
    async def get(host):
        async with client.get(site.url("/gate/a", host=host)) as response:
            return response.status

    tasks = [asyncio.create_task(get(host)) for host in (1, 1, 2)]
    assert await asyncio.to_thread(site.wait_active, 3)
    assert (site.peak, site.peaks) == (3, {"127.0.0.1": 2, "127.0.0.2": 1})
    assert site.connections >= 3
    site.open_gate("a")
    assert await asyncio.gather(*tasks) == [200, 200, 200]
    assert await asyncio.to_thread(site.wait_active, 0)


async def test_hang_ends_with_its_client_or_by_release(site, client):
    async def get():
        async with client.get(site.url("/hang")) as response:
            return response.status

    left, waiting = asyncio.create_task(get()), asyncio.create_task(get())
    assert await asyncio.to_thread(site.wait_active, 2)
    left.cancel()
    assert await asyncio.to_thread(site.wait_active, 1)
    site.release()
    assert await waiting == 200


@pytest.mark.parametrize("size", [10, 1000, 200_000])
async def test_size_is_exact(site, client, size):
    async with client.get(site.url(f"/size/{size}")) as response:
        assert len(await response.read()) == size


@pytest.mark.parametrize("code", [200, 204, 404, 500])
async def test_status(site, client, code):
    async with client.get(site.url(f"/status/{code}")) as response:
        assert response.status == code
        assert bool(await response.read()) == (code != 204)


async def test_retry_after_counts_by_key(site, client):
    async def get(key):
        async with client.get(site.url(f"/retry-after/{key}/2?after=7&code=503")) as response:
            return response.status, response.headers.get("Retry-After")

    assert [await get("a") for _ in range(3)] == [(503, "7"), (503, "7"), (200, None)]
    assert await get("b") == (503, "7")


async def test_redirects(site, client):
    async with client.get(site.url("/redirect/3")) as response:
        assert [hop.status for hop in response.history] == [302] * 3
        assert response.url.path == "/page/0"
    target = site.url("/text", host=2)
    async with client.get(site.url("/redirect-to"), params={"url": target, "code": "301"}) as response:
        assert str(response.url) == target


async def test_echo_and_cookies(site, client):
    async with client.post(site.url("/echo"), data=b"body", cookies={"c": "1"}) as response:
        echo = await response.json()
    assert (echo["method"], echo["body"], echo["cookies"]) == ("POST", "body", {"c": "1"})
    assert re.match(r"127\.0\.0\.1:\d+", echo["headers"]["host"])
    async with client.get(site.url("/set-cookie/name/value")) as response:
        assert response.cookies["name"].value == "value"


async def test_robots_of_each_host(site, client):
    async def robots(host):
        async with client.get(site.url("/robots.txt", host=host)) as response:
            return await response.text()

    site.set_robots("User-agent: *\nDisallow: /page/1\n", host=2)
    assert await robots(1) == "User-agent: *\nDisallow:\n"
    assert await robots(2) == "User-agent: *\nDisallow: /page/1\n"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/binary", "application/octet-stream"), ("/text", "text/plain"), ("/json", "application/json")],
)
async def test_other_types(site, client, path, kind):
    async with client.get(site.url(path)) as response:
        assert response.content_type == kind


async def test_broken_answers(site, client):
    with pytest.raises(aiohttp.ClientPayloadError):
        async with client.get(site.url("/truncated")) as response:
            await response.read()
    with pytest.raises(aiohttp.ClientOSError):
        await client.post(site.url("/reset"))


async def test_put_and_not_found(site, client):
    site.put("/own", "<p>é", headers={"X-Own": "1"}, status=201)
    for _ in range(2):
        async with client.get(site.url("/own?x=1", host=2)) as response:
            assert (response.status, await response.text(), response.headers["X-Own"]) == (201, "<p>é", "1")
    site.reset()
    async with client.get(site.url("/own")) as response:
        assert response.status == 404


def test_close_ends_the_thread():
    from .server import Site

    with Site(hosts=2) as site:
        assert any(thread.name == "test-site" for thread in threading.enumerate())
        own = site._thread
    assert not own.is_alive()
