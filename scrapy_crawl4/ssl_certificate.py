"""The certificate that a server showed on the connection its page came by."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from os import PathLike
    from typing import Self

    from cryptography.x509 import Certificate, Extension, Name
    from scrapy.http import Response

PEM_LINE = 64
"""Characters of a line, RFC 7468."""


class SSLCertificate(dict[str, Any]):
    """Facts of an X.509 certificate (RFC 5280), as a dict that JSON can say.

    Keys: ``subject`` and ``issuer``, dicts with the short names of their parts, such as ``CN``; ``version``, counted
    from 0; ``serial_number`` in hexadecimal; ``not_before`` and ``not_after`` as ``YYYYMMDDhhmmssZ``; ``fingerprint``,
    SHA-256 in hexadecimal; ``signature_algorithm``; ``public_key``, its kind and size in bits; ``extensions``, dicts
    with ``name``, ``critical`` and ``value``; ``raw_cert``, the certificate itself, DER in base64. Of one that cannot
    be read, only ``fingerprint`` and ``raw_cert`` are there.
    """

    @classmethod
    def from_der(cls, der: bytes) -> Self:
        """Read a certificate."""
        facts = {"fingerprint": sha256(der).hexdigest(), "raw_cert": b64encode(der).decode("ascii")}
        return cls(_read(der) | facts)

    @property
    def subject(self) -> dict[str, str]:
        """Whom it is for."""
        return cast("dict[str, str]", self.get("subject", {}))

    @property
    def issuer(self) -> dict[str, str]:
        """Who signed it."""
        return cast("dict[str, str]", self.get("issuer", {}))

    @property
    def valid_from(self) -> str:
        """When it begins to be valid: ``YYYYMMDDhhmmssZ``, in UTC."""
        return str(self.get("not_before", ""))

    @property
    def valid_until(self) -> str:
        """When it ends to be valid: ``YYYYMMDDhhmmssZ``, in UTC."""
        return str(self.get("not_after", ""))

    @property
    def fingerprint(self) -> str:
        """Its SHA-256 in hexadecimal."""
        return str(self.get("fingerprint", ""))

    def to_json(self, filepath: str | PathLike[str] | None = None) -> str | None:
        """Return the facts as JSON text, or write them to *filepath* and return None.

        :raises OSError: if the file cannot be written.
        """
        return _given(json.dumps(self, indent=2, ensure_ascii=False), filepath)

    def to_pem(self, filepath: str | PathLike[str] | None = None) -> str | None:
        """Return the certificate as PEM text, or write it to *filepath* and return None.

        :raises OSError: if the file cannot be written.
        """
        lines = ["-----BEGIN CERTIFICATE-----", *wrap(self["raw_cert"], PEM_LINE), "-----END CERTIFICATE-----", ""]
        return _given("\n".join(lines), filepath)

    def to_der(self, filepath: str | PathLike[str] | None = None) -> bytes | None:
        """Return the bytes of the certificate, or write them to *filepath* and return None.

        :raises OSError: if the file cannot be written.
        """
        der = b64decode(self["raw_cert"])
        if filepath is None:
            return der
        Path(filepath).write_bytes(der)
        return None


def certificate_of(response: Response) -> SSLCertificate | None:
    """Return the certificate of the connection that *response* came by; None for one without TLS.

    Scrapy's download handlers keep it as DER, or as an object that dumps it.
    """
    shown: Any = getattr(response, "certificate", None)
    if shown is None:
        return None
    return SSLCertificate.from_der(shown if isinstance(shown, bytes) else shown.dump())


def _given(text: str, filepath: str | PathLike[str] | None) -> str | None:
    if filepath is None:
        return text
    Path(filepath).write_text(text, encoding="utf-8")
    return None


def _read(der: bytes) -> dict[str, Any]:
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415 - a heavy import for a rare option

    try:
        return _facts(load_der_x509_certificate(der))
    except (ValueError, TypeError):  # what servers show need not be well-formed
        return {}


def _facts(certificate: Certificate) -> dict[str, Any]:
    key = certificate.public_key()
    return {
        "subject": _names(certificate.subject),
        "issuer": _names(certificate.issuer),
        "version": certificate.version.value,
        "serial_number": hex(certificate.serial_number),
        "not_before": certificate.not_valid_before_utc.strftime("%Y%m%d%H%M%SZ"),
        "not_after": certificate.not_valid_after_utc.strftime("%Y%m%d%H%M%SZ"),
        "signature_algorithm": _oid_name(certificate.signature_algorithm_oid),
        "public_key": {
            "type": type(key).__name__.lstrip("_").removesuffix("PublicKey"),
            "bits": getattr(key, "key_size", None),
        },
        "extensions": [_extension(extension) for extension in certificate.extensions],
    }


def _names(name: Name) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    for attribute in name:
        value = attribute.value
        parts.setdefault(attribute.rfc4514_attribute_name, []).append(value if isinstance(value, str) else value.hex())
    return {short: ", ".join(values) for short, values in parts.items()}


def _extension(extension: Extension[Any]) -> dict[str, Any]:
    name = _oid_name(extension.oid)
    if name == "subjectAltName":
        value = ", ".join(str(entry.value) for entry in extension.value)
    else:
        value = extension.value.public_bytes().hex()
    return {"name": name, "critical": extension.critical, "value": value}


def _oid_name(oid: Any) -> str:
    name = str(oid._name)  # there is no public way to it
    return oid.dotted_string if name == "Unknown OID" else name
