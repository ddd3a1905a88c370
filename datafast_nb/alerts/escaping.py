"""Keeps a program that shows a message from interpreting a stranger's text.

How a chat program interprets a character depends on the program and its version, and some have no way to escape one. So
each character that may have a meaning is replaced by a look-alike without one.
"""

from __future__ import annotations

import re
from typing import Final

from datafast_nb.text import plain

LONGEST: Final = 120
"""The most characters of one text of a stranger."""

_CHAT: Final = str.maketrans("<>@#*_~`[]|\\", "‹›＠＃∗＿∼ˋ［］∣＼")
_SCHEME: Final = re.compile(r"(?<=\w):(?=//)|(?i:(?<=mailto):|(?<=www)\.)")
_DOMAIN: Final = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")
_LOOKALIKES: Final = {":": "：", ".": "․"}


def as_text(value: object, longest: int = LONGEST) -> str:
    """Return a stranger's text on one line, without invisible characters: for functions, logs and JSON."""
    return plain(value, longest)


def without_links(value: object, longest: int = LONGEST) -> str:
    """Return a stranger's text so that no mail program, telephone or desktop turns an address in it into a link.

    Examples
    --------
    >>> without_links("see https://example.com")
    'see https：//example․com'
    """
    return _DOMAIN.sub("․", _SCHEME.sub(lambda found: _LOOKALIKES[found[0]], as_text(value, longest)))


def inert(value: object, longest: int = LONGEST) -> str:
    """Return a stranger's text so that no chat program turns it into a link, a mention or formatting.

    Examples
    --------
    >>> inert("@everyone *look* at <https://example.com|this>")
    '＠everyone ∗look∗ at ‹https：//example․com∣this›'
    """
    return without_links(value, longest).translate(_CHAT)
