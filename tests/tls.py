"""A local site with TLS, whose certificate nobody signed but its owner."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def self_signed(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 and its key to a file in *folder*."""
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


@asynccontextmanager
async def tls_site(folder: Path) -> AsyncIterator[str]:
    """Serve a page "Safe" at `/`, its headers as a list, a redirect at `/to?url=`; gives the URL of the page."""

    async def page(request: web.Request) -> web.Response:
        told = "".join(f"<li>{name}: {value}</li>" for name, value in request.headers.items())
        return web.Response(text=f"<title>Safe</title><p>safe</p><ul>{told}</ul>", content_type="text/html")

    async def to(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.query["url"]})

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(folder))
    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/to", to)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        port = runner.addresses[0][1]
        await runner.cleanup()
        await _abort_connections(port)


async def _abort_connections(port: int) -> None:
    """End what a browser keeps to spare: connections that have not said a word yet, or do not say good-bye."""
    transports = asyncio.get_running_loop()._transports
    for transport in list(transports.values()):
        name = transport.get_extra_info("sockname")
        if name and name[1] == port:
            transport.abort()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
