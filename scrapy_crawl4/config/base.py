"""What all configuration classes have in common: known names only, checked values, defaults, copies."""

from __future__ import annotations

import copy
import inspect
import threading
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, dataclass_transform

from ..exceptions import UnsupportedOption
from .checks import Check, anything, short
from .plain import from_plain, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

Stored_co = TypeVar("Stored_co", covariant=True)
Accepted_contra = TypeVar("Accepted_contra", contravariant=True)


class Converted(Generic[Stored_co, Accepted_contra]):
    """For annotations only: an option that accepts one type and reads as another."""

    if TYPE_CHECKING:

        def __get__(self, config: object, owner: Any) -> Stored_co: ...

        def __set__(self, config: object, value: Accepted_contra) -> None: ...


@dataclass(frozen=True, slots=True)
class Option:
    """One parameter: its default, the check of its values, and why it has no effect, if so."""

    default: Any
    check: Check
    missing: str = ""

    def accept(self, owner: str, name: str, value: Any) -> Any:
        """Return the value to keep.

        :raises ValueError: if the value breaks the rule of the parameter.
        :raises UnsupportedOption: if the parameter has no effect yet and the value is not its default.
        """
        if not self.missing:
            return self.check(name, value)
        # An empty list, dict or string asks for as much as None does.
        if value == self.default or (self.default is None and value in ([], {}, (), "")):
            return self.default
        raise UnsupportedOption(
            f"{owner}({name}={short(value)}) {self.missing}: leave {name} at its default, {self.default!r}"
        )


def option(*, default: Any, check: Check = anything) -> Any:
    """Declare a parameter in the body of a :class:`Config` class."""
    return Option(default, check)


@dataclass_transform(kw_only_default=True, field_specifiers=(option,))
class Config:
    """Base of the configuration classes.

    Parameters are keyword arguments of the constructor and attributes afterwards. An unknown name raises
    :class:`TypeError`, in the constructor as in an assignment; a wrong value :class:`ValueError`; a parameter that has
    no effect yet :class:`~scrapy_crawl4.exceptions.UnsupportedOption` when set to anything but its default.

    An instance holds what was given; everything else is the default, read from the class.
    """

    _options: ClassVar[dict[str, Option]] = {}
    _user_defaults: ClassVar[Mapping[str, Any]] = {}
    _defaults_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init_subclass__(cls, supported: Iterable[str] | None = None, missing: str = "") -> None:
        """Collect the options of the class body; those not in *supported* are *missing* (why, as a predicate)."""
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Option)}
        for name, declared in own.items():
            setattr(cls, name, declared.default)
            if supported is not None and name not in supported:
                own[name] = replace(declared, missing=missing)
        cls._options = {}
        for options in (own, *(vars(base).get("_options", {}) for base in cls.__mro__[1:])):
            for name, declared in options.items():
                cls._options.setdefault(name, declared)
        cls.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # read by help() and editors
            [
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=known.default)
                for name, known in cls._options.items()
            ]
        )

    def __init__(self, **values: Any) -> None:
        if self._user_defaults:
            values = copy.deepcopy({**self._user_defaults}) | values
        self._update(values)

    def _update(self, values: Mapping[str, Any]) -> None:
        own, options = self.__dict__, self._options
        for name, value in values.items():
            known = options.get(name)
            if known is None:
                raise self._unknown(name, "parameter")
            kept = known.accept(type(self).__name__, name, value)
            if not known.missing:
                own[name] = kept
        self._check_together()

    def _check_together(self) -> None:
        """Check rules over several parameters; for subclasses."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._options:
            raise self._unknown(name, "attribute")
        # By way of a copy: an assignment that breaks a rule changes nothing.
        self.__dict__.update(self.clone(**{name: value}).__dict__)

    @classmethod
    def _unknown(cls, name: str, kind: str) -> TypeError:
        near = get_close_matches(name, cls._options, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return TypeError(f"{cls.__name__} has no {kind} {name!r}{hint}")

    @classmethod
    def set_defaults(cls, **values: Any) -> None:
        """Set defaults for all instances that are made from now on; arguments of the constructor go before them.

        They hold for the whole process, until :meth:`reset_defaults`.

        :raises TypeError, ValueError: as the constructor does.
        """
        checked = {name: value for name, value in vars(cls(**values)).items() if name in values}
        with cls._defaults_lock:
            cls._user_defaults = {**cls._user_defaults, **copy.deepcopy(checked)}

    @classmethod
    def get_defaults(cls) -> dict[str, Any]:
        """Return a copy of what :meth:`set_defaults` set."""
        return copy.deepcopy({**cls._user_defaults})

    @classmethod
    def reset_defaults(cls, *names: str) -> None:
        """Forget the defaults that were set: those named, or all."""
        with cls._defaults_lock:
            kept = {name: value for name, value in cls._user_defaults.items() if names and name not in names}
            cls._user_defaults = kept

    def is_given(self, name: str) -> bool:
        """Tell whether a parameter was set, even if to its default, and is not just the default of the class."""
        return name in self.__dict__

    def clone(self, **changes: Any) -> Self:
        """Return a copy with *changes*; nothing is lost, and nothing is shared that one of the two could change."""
        new = type(self).__new__(type(self))
        for name, value in self.__dict__.items():
            new.__dict__[name] = _copied(value)
        new._update(changes)
        return new

    def to_dict(self) -> dict[str, Any]:
        """Return all parameters by name, values as they are."""
        return {name: getattr(self, name) for name in self._options}

    def dump(self) -> dict[str, Any]:
        """Return ``{"type": ..., "params": ...}`` with the non-default parameters in a form JSON can say.

        :raises ValueError: for a value that has no such form, such as a function.
        """
        return {
            "type": type(self).__name__,
            "params": {name: to_plain(name, value) for name, value in self._changed().items()},
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Make an instance of what :meth:`dump` gave, or of a plain dict of parameters.

        :raises TypeError, ValueError: as the constructor does.
        """
        params = data["params"] if data.keys() == {"type", "params"} else data
        return cls(**{name: from_plain(value) for name, value in params.items()})

    @classmethod
    def from_kwargs(cls, kwargs: Mapping[str, Any]) -> Self:
        """Make an instance of the parameters among *kwargs*; other keys are passed over."""
        return cls(**{name: value for name, value in kwargs.items() if name in cls._options})

    def _changed(self) -> dict[str, Any]:
        """Return the parameters whose values differ from the default of the class, in the order of the class."""
        return {
            name: self.__dict__[name]
            for name, known in self._options.items()
            if name in self.__dict__ and self.__dict__[name] != known.default
        }

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._changed() == other._changed()

    __hash__ = None  # type: ignore[assignment]  # attributes can be assigned

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._changed().items())})"


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return [copy.copy(part) if isinstance(part, Config) else part for part in value]
    return copy.copy(value) if isinstance(value, dict | Config) else value
