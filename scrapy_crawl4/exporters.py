"""Feeds in formats that take less than a result holds."""

from __future__ import annotations

import marshal
from typing import Any

from scrapy.exporters import MarshalItemExporter

from .jsonable import jsonable
from .results import CrawlResult


class ResultMarshalExporter(MarshalItemExporter):
    """Scrapy's exporter of the format ``marshal``, which takes a :class:`~scrapy_crawl4.CrawlResult` too.

    The format knows Python's own types only: fields of others are written as in JSON.
    """

    def export_item(self, item: Any) -> None:
        """Write *item*."""
        if not isinstance(item, CrawlResult):
            super().export_item(item)
            return
        marshal.dump({name: _plain(value) for name, value in self.get_serialized_fields(item)}, self.file)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bytes) else jsonable(value)
