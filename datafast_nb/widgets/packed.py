"""Front ends whose large fields are sent compressed, and only as far as they have changed."""

from __future__ import annotations

import zlib
from typing import Any, ClassVar, Final

import msgspec

from datafast_nb.widgets.front import FrontEnd
from datafast_nb.widgets.protocol import Packed, Pages
from datafast_nb.widgets.synced import Synced, plain_number, traits_of

_PAGES: Final = Pages.__struct_fields__
_SHORT: Final = 1000  # bytes up to which a message is sent as it is


def packed_traits_of(*states: type[msgspec.Struct], packed: frozenset[str]) -> dict[str, Synced]:
    """Return a trait for each field of the given states, of which the packed ones are not sent, and for each page."""
    traits = traits_of(*states)
    for name in packed:
        traits[name].tag(sync=False)
    return traits | traits_of(Pages)


class PackedFrontEnd(FrontEnd):
    """A front end whose large fields are sent in pages, as described in `protocol.Pages`.

    All pages together are the state at any time: so another browser that connects, or a notebook that is saved, has
    all of it. They begin anew once they are used up, or hold more changes than a whole.

    A subclass names the fields in `packed`, and adds its traits with ``vars().update(packed_traits_of(…))``.
    """

    packed: ClassVar[frozenset[str]]

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401 - the values of the traits
        self._texts: dict[str, bytes] = {}  # what the pages say of each field
        self._sizes: list[int] = []  # of the pages that are in use
        super().__init__(**traits, **self._next_pages())

    def show(self, *states: msgspec.Struct) -> None:
        """Show states, sent in one message, so that no view ever mixes two moments."""
        with self.hold_sync():
            super().show(*states)
            for page, content in self._next_pages().items():
                setattr(self, page, content)

    def announce(self, message: msgspec.Struct, *content: bytes) -> None:
        """Send a one-time message to the browser, with its buffers; a long one without any is compressed."""
        text = msgspec.json.encode(message, enc_hook=plain_number)
        if content or len(text) <= _SHORT:
            super().announce(message, *content)
        else:
            super().announce(Packed(), zlib.compress(text))

    def forget(self) -> None:
        """Begin anew when something else is shown, so that the pages say nothing of what was shown before."""
        self._texts, self._sizes = {}, []

    def _next_pages(self) -> dict[str, dict[str, bytes]]:
        """Return the pages that change, so that they say what the packed fields are."""
        texts = {name: msgspec.json.encode(getattr(self, name), enc_hook=plain_number) for name in sorted(self.packed)}
        if all(text == self._texts.get(name) for name, text in texts.items()):
            return {}
        if len(self._sizes) == len(_PAGES) or (self._sizes and sum(self._sizes[1:]) >= self._sizes[0]):
            self.forget()
        changed = {name: text for name, text in texts.items() if text != self._texts.get(name)}
        page = {name: _deflated(text, self._texts.get(name, b"")) for name, text in changed.items()}
        place, self._texts = len(self._sizes), texts
        self._sizes.append(sum(map(len, page.values())))
        after: dict[str, dict[str, bytes]] = {} if place else {name: {} for name in _PAGES[1:]}
        return {_PAGES[place]: page} | after


def _deflated(text: bytes, before: bytes) -> bytes:
    """Return a text, compressed by what it shares with the one before."""
    compressor = zlib.compressobj(zdict=before) if before else zlib.compressobj()
    return compressor.compress(text) + compressor.flush()
