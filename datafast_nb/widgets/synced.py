"""Traits with the types of the protocol: typed values in the kernel, and JSON in the browser."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo
from traitlets import HasTraits, TraitError, TraitType


class Synced(TraitType[Any, Any]):
    """A trait with a value of a type that msgspec supports, sent as JSON, and bytes as buffers.

    Parameters
    ----------
    kind
        The type of the value.
    default
        The initial value.
    """

    def __init__(self, kind: Any, default: Any) -> None:  # noqa: ANN401 - any type, and a value of it
        super().__init__(default_value=default)
        self.kind: Final = kind
        self.tag(sync=True, to_json=lambda value, _widget: _plain(value))

    def validate(self, _obj: HasTraits, value: Any) -> Any:  # noqa: ANN401 - any assigned value
        """Return the value converted to the trait's type, as for JSON from a browser.

        Raises
        ------
        TraitError
            The value can't be converted.
        """
        try:
            return msgspec.convert(value, self.kind)
        except msgspec.ValidationError as error:
            raise TraitError(f"{self.name}: {error}") from error


def traits_of(*states: type[Struct]) -> dict[str, Synced]:
    """Return a synced trait for each field of the given states, to add to a widget's class.

    Examples
    --------
    >>> from datafast_nb.widgets.protocol import ExplorerOptions
    >>> sorted(traits_of(ExplorerOptions))
    ['linked', 'refreshable', 'theme']
    """
    fields = (each for state in states for each in msgspec.structs.fields(state))
    return {each.name: Synced(each.type, _default_of(each)) for each in fields}


@contextmanager
def as_trait_error() -> Iterator[None]:
    """Turn the error of a check into a `TraitError` with the same words, for use in the validator of a trait."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise TraitError(str(error)) from error


def _plain(value: Any) -> Any:  # noqa: ANN401 - a value of the trait's type, and the same in plain types
    """Return a value as JSON and buffers."""
    return msgspec.to_builtins(value, builtin_types=(bytes,), enc_hook=plain_number)


def plain_number(value: object) -> int | float:
    """Return a number of another library, such as one of NumPy's, as a number of Python."""
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    raise TypeError(f"{type(value).__name__} can't be sent to the browser")


def _default_of(field: FieldInfo) -> Any:  # noqa: ANN401 - a value of the field's type
    """Return the default value of a field."""
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default
