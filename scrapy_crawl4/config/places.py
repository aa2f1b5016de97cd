"""Small values of browser parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import Config, option
from .checks import count, number, real, refuse, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

_STEPS = ("container_height", "page_height")


def _degrees(most: int) -> Any:
    def check(name: str, value: Any) -> float:
        if abs(real(name, value)) > most:
            refuse(name, f"a number of degrees from -{most} to {most}", value)
        return real(name, value)

    return check


def _step(name: str, value: Any) -> str | int:
    known = value in _STEPS if isinstance(value, str) else type(value) is int and value > 0
    if not known:
        refuse(name, "'container_height', 'page_height' or a positive whole number of pixels", value)
    return value  # type: ignore[no-any-return]  # checked above


class GeolocationConfig(Config):
    """Where a browser says it is: *latitude* and *longitude* in degrees, *accuracy* in metres."""

    latitude: float = option(default=0.0, check=_degrees(90))
    longitude: float = option(default=0.0, check=_degrees(180))
    accuracy: float = option(default=0.0, check=number("metres"))

    def __init__(self, latitude: float, longitude: float, accuracy: float | None = 0.0) -> None:
        super().__init__(latitude=latitude, longitude=longitude, accuracy=accuracy or 0.0)

    @classmethod
    def from_dict(cls, geo_dict: Mapping[str, Any]) -> Self:
        """Read a dict with the names of the parameters."""
        return cls(**geo_dict)


class VirtualScrollConfig(Config):
    """How a browser scrolls a container that only holds what is visible.

    *container_selector* is its CSS selector; it is scrolled *scroll_count* times by *scroll_by* (``container_height``,
    ``page_height`` or pixels), with *wait_after_scroll* seconds after each.
    """

    container_selector: str = option(default="", check=text)
    scroll_count: int = option(default=10, check=count(1))
    scroll_by: str | int = option(default="container_height", check=_step)
    wait_after_scroll: float = option(default=0.5, check=number("seconds"))

    def __init__(
        self,
        container_selector: str,
        scroll_count: int = 10,
        scroll_by: str | int = "container_height",
        wait_after_scroll: float = 0.5,
    ) -> None:
        super().__init__(
            container_selector=container_selector,
            scroll_count=scroll_count,
            scroll_by=scroll_by,
            wait_after_scroll=wait_after_scroll,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a dict with the names of the parameters."""
        return cls(**data)
