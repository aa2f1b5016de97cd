"""A result as a line of JSON, from which it is read back as it was."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from ..jsonable import jsonable
from ..markdown_result import MarkdownGenerationResult
from ..results import CrawlResult, DispatchResult

KEYS = {name: b',"%b":' % name.encode("ascii") for name in CrawlResult.model_fields}
NULL = b"null"
OPTIONAL_PARTS = ("markdown_with_citations", "references_markdown")


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a results file.

    digest: of the input element.
    index: its position.
    fields: what JSON has of the result.
    """

    digest: bytes
    index: int
    fields: dict[str, Any]

    def result(self) -> CrawlResult:
        """Make the result; raises ``ValueError``, ``TypeError`` or ``KeyError`` for what is none."""
        fields = {name: self.fields[name] for name in KEYS if name in self.fields}
        if (markdown := fields.get("markdown")) is not None:
            fields["markdown"] = MarkdownGenerationResult(**markdown)
        if (pdf := fields.get("pdf")) is not None:
            fields["pdf"] = b64decode(pdf)
        if (dispatch := fields.get("dispatch_result")) is not None:
            fields["dispatch_result"] = DispatchResult.model_validate(dispatch)
        return CrawlResult.model_construct(**fields)


def encode(result: CrawlResult, digest: bytes) -> list[bytes]:
    """Return *result*, which is complete, as a line of JSON with its line end, in pieces; *digest* is of its input.

    Values of a user's own code that JSON has no form for are written as :meth:`CrawlResult.model_dump_json` does;
    everything else comes back from :func:`decode` as it was. Citations and references of the markdown are left out
    where they are computed from it anyway.
    """
    # A result may be moved out of memory meanwhile: what is gone from here is read from where it went.
    own = dict(result.__dict__)
    pieces = [b'{"input":"%b"' % digest.hex().encode("ascii")]
    for name, key in KEYS.items():
        value = own[name] if name in own else getattr(result, name)
        # In pieces, since copies of large ones take longer than all the rest.
        pieces += (key, NULL if value is None else _json(_plain(name, value)))
    pieces.append(b"}\n")
    return pieces


def decode(line: bytes) -> Record | None:
    """Return the record in *line*; None when it is none."""
    try:
        fields = from_json(line)
    except ValueError:
        try:
            fields = json.loads(line)  # which knows half of a surrogate pair when it sees one
        except (ValueError, RecursionError):
            return None
    try:
        digest, index = bytes.fromhex(fields["input"]), fields["index"]
    except (ValueError, TypeError, KeyError):
        return None
    return Record(digest, index, fields) if isinstance(index, int) and index >= 0 else None


def _plain(name: str, value: Any) -> Any:
    if name == "markdown":
        return _parts(value)
    return b64encode(value).decode("ascii") if name == "pdf" else value


def _parts(markdown: MarkdownGenerationResult | str) -> dict[str, Any]:
    if not isinstance(markdown, MarkdownGenerationResult):
        return {"raw_markdown": str(markdown)}
    (raw, citations, references, fit, fit_html), base_url = markdown.parts()
    parts = {"raw_markdown": raw, "fit_markdown": fit, "fit_html": fit_html, "base_url": base_url}
    given = dict(zip(OPTIONAL_PARTS, (citations, references), strict=True))
    return parts | {name: part for name, part in given.items() if part is not None}


def _json(value: Any) -> bytes:
    try:
        return to_json(value)
    except Exception:  # noqa: BLE001 - foreign values: their own methods may raise anything
        with suppress(Exception):  # which, unlike the first, writes half of a surrogate pair
            return json.dumps(value).encode("ascii")
        return to_json(jsonable(value))
