"""Results on their way from one process to another.

What is heavy crosses as bytes that are unpacked when somebody reads them: the process that takes the results of many
others must not do for each page what its readers may never ask for.
"""

from __future__ import annotations

from typing import Any

from .packed import packed, place_of
from .result_fields import DispatchResult
from .results import CrawlResult
from .spill import SPILLABLE, Spilled

Parcel = tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None, set[str]]
"""Fields as they are, packed fields, those of the :class:`DispatchResult`, and the names of fields that were set."""


def to_parcel(result: CrawlResult) -> Parcel:
    """Return what a complete *result* is made of."""
    fields: dict[str, Any] = {}
    heavy: dict[str, Any] = {}
    for name, value in result._in_memory().__dict__.items():
        if value is None and name in _ABSENT:
            continue
        if name in SPILLABLE and (data := packed(value)) is not None:
            heavy[name] = data
        else:
            fields[name] = value
    record = fields.pop("dispatch_result", None)
    return fields, heavy, None if record is None else record.__dict__, result.__pydantic_fields_set__


def from_parcel(parcel: Parcel) -> CrawlResult:
    """Return the result that :func:`to_parcel` took apart."""
    fields, heavy, record, given = parcel
    if record is not None:
        fields["dispatch_result"] = _record(record)
    result = CrawlResult._fast(fields)
    object.__setattr__(result, "__pydantic_fields_set__", given)
    if heavy:
        own = result.__dict__
        for name in heavy:
            del own[name]
        result._spilled = Spilled({name: place_of(name, data) for name, data in heavy.items()})
    return result


def _record(fields: dict[str, Any]) -> DispatchResult:
    """Do what ``model_construct()`` does, for fields that are all there."""
    record = DispatchResult.__new__(DispatchResult)
    object.__setattr__(record, "__dict__", fields)
    object.__setattr__(record, "__pydantic_fields_set__", set(fields))
    object.__setattr__(record, "__pydantic_extra__", None)
    object.__setattr__(record, "__pydantic_private__", None)
    return record


_ABSENT = frozenset(
    name for name, field in CrawlResult.model_fields.items() if field.default is None and not field.default_factory
)
"""Fields that are None where nothing is said of them."""
