"""Certificates: verified when that is asked for, and told of."""

import asyncio
import json
import pickle

import pytest
from cryptography import x509
from scrapy.http import HtmlResponse
from twisted.internet.ssl import Certificate

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, CrawlResult, HTTPCrawlerConfig, SSLCertificate

from .proxy import Proxy


async def test_verify_ssl(tls_url):
    for verify in (True, False):
        async with AsyncWebCrawler(config=HTTPCrawlerConfig(verify_ssl=verify)) as crawler:
            result = await crawler.arun(tls_url)
        assert result.success is not verify
        if verify:
            assert result.error_message.startswith("TLS failed: ")
            assert "\n" not in result.error_message
    async with AsyncWebCrawler() as crawler:
        assert (await crawler.arun(tls_url)).metadata["title"] == "Safe"
    # aiohttp closes a TLS transport in the turn after the one that ends its session.
    await asyncio.sleep(0)


async def told_of(url, verify=False, **overrides):
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(verify_ssl=verify)) as crawler:
        result = await crawler.arun(url, config=CrawlerRunConfig(fetch_ssl_certificate=True, **overrides))
    await asyncio.sleep(0)
    return result


async def test_certificate_of_the_connection(tls_url, tmp_path):
    found = (await told_of(tls_url)).ssl_certificate
    assert isinstance(found, SSLCertificate)
    pem = tmp_path.joinpath("certificate.pem").read_bytes()
    real = x509.load_pem_x509_certificate(pem)
    assert found.subject == found.issuer == {"CN": "localhost"}
    assert found.valid_from == real.not_valid_before_utc.strftime("%Y%m%d%H%M%SZ")
    assert found.valid_until == real.not_valid_after_utc.strftime("%Y%m%d%H%M%SZ")
    assert (found["version"], found["serial_number"]) == (2, "0x1")
    assert found["public_key"] == {"type": "EC", "bits": 256}
    assert found["signature_algorithm"] == "ecdsa-with-SHA256"
    assert found["extensions"] == [{"name": "subjectAltName", "critical": False, "value": "127.0.0.1"}]
    assert found.to_pem().encode() in pem
    assert x509.load_der_x509_certificate(found.to_der()) == real
    assert json.loads(found.to_json()) == found
    for name, write in {"a.json": found.to_json, "a.pem": found.to_pem, "a.der": found.to_der}.items():
        assert write(tmp_path / name) is None
        given = write()
        assert tmp_path.joinpath(name).read_bytes() == (given if isinstance(given, bytes) else given.encode())


async def test_certificate_travels_with_its_result(tls_url):
    result = await told_of(tls_url)
    for again in (pickle.loads(pickle.dumps(result)), CrawlResult.model_validate_json(result.model_dump_json())):
        assert again.ssl_certificate == result.ssl_certificate
        assert type(again.ssl_certificate) is SSLCertificate
    assert "raw_cert" in json.loads(result.model_dump_json())["ssl_certificate"]


async def test_certificate_is_that_of_the_last_connection(tls_url, site):
    assert (await told_of(site.url(f"/redirect-to?url={tls_url}"))).ssl_certificate.subject == {"CN": "localhost"}
    away = await told_of(f"{tls_url}to?url={site.url('/page/1')}")
    assert (away.success, away.ssl_certificate) == (True, None)


async def test_certificate_is_that_of_the_site_behind_a_proxy(tls_url):
    with Proxy() as proxy:
        found = (await told_of(tls_url, proxy_config=proxy.server)).ssl_certificate
    assert proxy.asked[0].method == "CONNECT"
    assert found.subject == {"CN": "localhost"}


async def test_no_certificate(tls_url, site):
    assert (await told_of(site.url("/page/1"))).ssl_certificate is None
    assert (await told_of("raw:<p>here</p>")).ssl_certificate is None
    assert (await told_of(tls_url, verify=True)).error_message.startswith("TLS failed: ")
    async with AsyncWebCrawler() as crawler:
        assert (await crawler.arun(tls_url)).ssl_certificate is None
    await asyncio.sleep(0)


async def test_certificate_of_a_file(site, tmp_path, tls_url):
    config = HTTPCrawlerConfig(verify_ssl=False, downloads_path=tmp_path / "files")
    async with AsyncWebCrawler(config=config) as crawler:
        result = await crawler.arun(site.url("/binary"), config=CrawlerRunConfig(fetch_ssl_certificate=True))
    assert (len(result.downloaded_files), result.ssl_certificate) == (1, None)


@pytest.mark.parametrize("der", [b"", b"no certificate"])
def test_what_is_no_certificate_is_told_as_it_is(der):
    found = SSLCertificate.from_der(der)
    assert found.keys() == {"fingerprint", "raw_cert"}
    assert (found.to_der(), found.subject, found.valid_from) == (der, {}, "")


async def test_certificate_as_other_handlers_keep_it(tls_url, tmp_path):
    """Twisted's, which projects use by default, keep an object."""
    kept = Certificate.loadPEM(tmp_path.joinpath("certificate.pem").read_bytes())
    response = HtmlResponse("https://127.0.0.1/", body=b"<p>here</p>", certificate=kept)
    result = CrawlResult.from_response(response, CrawlerRunConfig(fetch_ssl_certificate=True))
    assert result.ssl_certificate == (await told_of(tls_url)).ssl_certificate
    assert CrawlResult.from_response(response).ssl_certificate is None
