"""Tables as pandas DataFrames, where pandas is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def tables_to_dataframes(tables: Iterable[Mapping[str, Any]]) -> list[Any]:
    """One ``pandas.DataFrame`` for each table of ``CrawlResult.tables``: its headers are the columns, all cells texts.

    A caption is in ``frame.attrs["caption"]``.

    :raises ImportError: pandas is not installed; this package does not need it for anything else.
    """
    try:
        import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415  # optional
    except ImportError:
        raise ImportError("DataFrames need pandas, which is not installed: pip install pandas") from None
    frames = []
    for table in tables:
        frame = pd.DataFrame(table["rows"], columns=table["headers"])
        frame.attrs["caption"] = table.get("caption", "")
        frames.append(frame)
    return frames
