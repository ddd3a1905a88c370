"""The characters that a picture can hold."""

from __future__ import annotations

import re
from typing import Final

# Neither XML 1.0 (section 2.2) nor the drawing library allows these: controls, halves of surrogate pairs, and the
# noncharacters, two at the end of each plane and 32 more (Unicode, section 23.7).
_ENDS_OF_PLANES: Final = "".join(f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
NO_CHARACTERS: Final = f"\ufdd0-\ufdef{_ENDS_OF_PLANES}"
"""The noncharacters, for use in a character class of a regular expression."""

REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
"""The character that replaces them."""

_UNCLEAN: Final = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{NO_CHARACTERS}]")
# Some text of a chart becomes part of Vega expressions, which end at a line break.
_LINES: Final = re.compile("[\u2028\u2029]")


def cleaned(text: str) -> str:
    """Return a text with every character replaced that XML does not allow."""
    return _LINES.sub(" ", _UNCLEAN.sub(REPLACED, text))
