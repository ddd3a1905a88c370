"""Keeps a stranger's text from meaning anything to the program that shows a message.

What a chat program makes of a sign depends on the program and its version, and some can't be told to take a sign
literally. So each sign that may mean something is replaced by one that looks alike and means nothing.
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
    """Return a stranger's text such that no mail program, telephone or desktop makes a link of an address in it.

    Examples
    --------
    >>> without_links("see https://example.com")
    'see https：//example․com'
    """
    return _DOMAIN.sub("․", _SCHEME.sub(lambda found: _LOOKALIKES[found[0]], as_text(value, longest)))


def inert(value: object, longest: int = LONGEST) -> str:
    """Return a stranger's text such that no chat program makes a link, a mention or formatting of it.

    Examples
    --------
    >>> inert("@everyone *look* at <https://example.com|this>")
    '＠everyone ∗look∗ at ‹https：//example․com∣this›'
    """
    return without_links(value, longest).translate(_CHAT)
