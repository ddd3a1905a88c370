"""Accepts the old names of renamed parameters for a while."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Given = TypeVar("_Given")


def renamed(**names: str) -> Callable[[Callable[_Parameters, _Given]], Callable[_Parameters, _Given]]:
    """Let a function accept parameters by their old names too, with a warning that names the new one.

    Parameters
    ----------
    **names
        The new name for each old one.

    Examples
    --------
    >>> @renamed(metric="measure")
    ... def drawn(measure):
    ...     return measure
    >>> drawn(measure="visitors")
    'visitors'
    """

    def taking_old_names(function: Callable[_Parameters, _Given]) -> Callable[_Parameters, _Given]:
        name = (
            function.__qualname__.removesuffix(".__init__")
            if "<locals>" not in function.__qualname__
            else function.__name__
        )

        @wraps(function)
        def called(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Given:
            for old in names.keys() & kwargs.keys():
                new = names[old]
                if new in kwargs:
                    raise TypeError(f"{name} got both {new} and {old}, its old name; give only {new}.")
                message = f"{name}'s {old} is called {new} now; the old name will be removed."
                warnings.warn(message, DeprecationWarning, stacklevel=2)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return called

    return taking_old_names
