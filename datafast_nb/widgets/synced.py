"""Traits of a protocol's types: what the kernel writes typed, and a browser reads as JSON."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo
from traitlets import HasTraits, TraitError, TraitType


class Synced(TraitType[Any, Any]):
    """A trait that holds a value of a type that msgspec knows, and is sent as JSON.

    Parameters
    ----------
    kind
        The type.
    default
        The value before another is set.
    """

    def __init__(self, kind: Any, default: Any) -> None:  # noqa: ANN401 - any type, and a value of it
        super().__init__(default_value=default)
        self.kind: Final = kind
        self.tag(sync=True, to_json=lambda value, _widget: msgspec.to_builtins(value))

    def validate(self, _obj: HasTraits, value: Any) -> Any:  # noqa: ANN401 - what somebody sets it to
        """Return the value as one of the type, which JSON from a browser becomes too.

        Raises
        ------
        TraitError
            It is none.
        """
        try:
            return msgspec.convert(value, self.kind)
        except msgspec.ValidationError as error:
            raise TraitError(f"{self.name}: {error}") from error


def traits_of(*states: type[Struct]) -> dict[str, Synced]:
    """Return a synced trait for each field of a protocol's states, to be put into a widget's class.

    Examples
    --------
    >>> from datafast_nb.widgets.protocol import ExplorerOptions
    >>> sorted(traits_of(ExplorerOptions))
    ['linked', 'theme']
    """
    fields = (each for state in states for each in msgspec.structs.fields(state))
    return {each.name: Synced(each.type, _default_of(each)) for each in fields}


def _default_of(field: FieldInfo) -> Any:  # noqa: ANN401 - a value of the field's type
    """Return what a field is before another value is set."""
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default
