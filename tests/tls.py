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
        await runner.cleanup()
        await _end_handshakes()


async def _end_handshakes() -> None:
    """End connections that have not said a word yet: browsers open some to spare, and the server knows of none."""
    handshakes = {task for task in asyncio.all_tasks() if "_accept_connection2" in str(task.get_coro())}
    for task in handshakes:
        task.cancel()
    if handshakes:
        await asyncio.wait(handshakes)
    for _ in range(3):  # closing them takes a turn of the loop for each layer
        await asyncio.sleep(0)
