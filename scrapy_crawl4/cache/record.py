"""A response as it is kept."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from scrapy.http import Headers
from scrapy.responsetypes import responsetypes

if TYPE_CHECKING:
    from scrapy.http import Response

LEAST_TO_PACK = 1024
"""Bytes below which packing gains nothing."""
FASTEST = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One response in the cache.

    key: of its request.
    vary: names of further request headers it depends on, comma-separated.
    variant: what tells their values apart.
    url, status: of the response.
    head: headers, protocol, address and certificate (DER) of the host, JSON.
    body: as it came from the network; packed with zlib if *packed*; None where only the head was read.
    stored: when the body came, in seconds since the epoch.
    checked: when the host last said that it is good.
    used: when it was last asked for.
    """

    key: bytes
    vary: str
    variant: bytes
    url: str
    status: int
    head: str
    body: bytes | None
    packed: bool
    size: int
    stored: float
    checked: float
    used: float

    @property
    def names(self) -> tuple[str, ...]:
        """The names in *vary*."""
        return tuple(filter(None, self.vary.split(",")))

    def response(self) -> Response:
        """Return the response; without a body where only the head was read."""
        head = json.loads(self.head)
        headers = Headers({name: [value.encode("latin-1") for value in values] for name, values in head["headers"]})
        body = self.body or b""
        if self.packed and body:
            body = zlib.decompress(body)
        kind = responsetypes.from_args(headers=headers, url=self.url, body=body)
        return kind(
            url=self.url,
            status=self.status,
            headers=headers,
            body=body,
            protocol=head.get("protocol"),
            ip_address=ip_address(head["ip"]) if "ip" in head else None,
            certificate=b64decode(head["certificate"]) if "certificate" in head else None,
        )


def head_of(response: Response) -> str:
    """Return what a record keeps of *response* beside URL, status and body."""
    headers = [
        (name.decode("latin-1"), [value.decode("latin-1") for value in response.headers.getlist(name)])
        for name in response.headers
    ]
    head: dict[str, Any] = {"headers": headers, "protocol": response.protocol}
    if response.ip_address is not None:
        head["ip"] = str(response.ip_address)
    # Twisted's handlers have an object of OpenSSL here, which belongs to its connection.
    if isinstance(response.certificate, bytes):
        head["certificate"] = b64encode(response.certificate).decode()
    return json.dumps(head)


def pack(body: bytes) -> tuple[bytes, bool]:
    """Return *body* packed if that makes it smaller, and whether it did."""
    if len(body) >= LEAST_TO_PACK:
        packed = zlib.compress(body, FASTEST)
        if len(packed) < len(body):
            return packed, True
    return body, False
