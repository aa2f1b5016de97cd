"""Certificates are verified when that is asked for."""

import asyncio
import datetime as dt
import ipaddress
import ssl

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scrapy_crawl4 import AsyncWebCrawler, HTTPCrawlerConfig


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(certificate.public_bytes(pem) + private)
    return file


@pytest.fixture
async def tls_url(tmp_path):
    async def page(request):
        return web.Response(text="<title>Safe</title><p>safe</p>", content_type="text/html")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


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
