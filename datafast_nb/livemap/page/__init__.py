"""A map as one file without a kernel: the browser's half with Leaflet, the base map, and the rows of its moments."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from html import escape
from typing import Final, get_args

import msgspec

from datafast_nb.livemap import places
from datafast_nb.livemap.page.content import Kept, content
from datafast_nb.text import plain
from datafast_nb.widgets.front import bundle
from datafast_nb.widgets.protocol import Figure, Part

MOST_BYTES: Final = 1_500_000
"""The size that no page exceeds: of a long replay it keeps fewer moments, and of many visitors the likeliest buyers."""

MOST_VISITORS: Final = 4_000
"""The most visitors of all moments together."""

_SPARE: Final = 0.97  # of what would just fit
_WITHOUT_SCRIPTS: Final = "The map is drawn by a script in this file, which does not run here: open it in a browser."


def page(kept: Kept, *, title: str, note: str, figures: Sequence[Figure], height: int) -> bytes:
    """Write a map as a page that shows itself in a browser, and requests nothing.

    Parameters
    ----------
    kept
        What is kept of the map.
    title
        The heading, in plain text.
    note
        A sentence beside it.
    figures
        What is shown where no scripts run.
    height
        The least height of the map, in pixels.

    Returns
    -------
    bytes
        An HTML document of at most `MOST_BYTES`. A policy in it forbids every request, and every script and style but
        its own.
    """
    most = MOST_VISITORS
    while True:
        saved = content(kept, most)
        data = _packed(msgspec.json.encode(saved))
        document = _document(data, title, note, figures, height).encode()
        over = len(document) - MOST_BYTES
        if over <= 0 or most <= 1:
            return document
        share = _SPARE * (1 - over / (len(data) * 4 / 3))
        if len(kept.snapshots) > 1:
            kept = kept.with_fewer(int(share * len(kept.snapshots)))
        else:
            most = max(int(share * len(saved.moments[0].visitors)), 1)


def _document(data: bytes, title: str, note: str, figures: Sequence[Figure], height: int) -> str:
    """Return the document. What was written by strangers is in it as compressed data, or escaped."""
    script, style = bundle("alone.js"), f"{bundle('alone.css')}\n:root {{ --df-height: {height}px; }}\n"
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    heading = escape(plain(title))
    words = "".join(f"<li>{escape(f'{it.label}: {it.value} {it.note}')}</li>" for it in figures)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="robots" content="noindex">\n'
        f"<title>{heading}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{heading}</h1><p>{escape(note)}</p></header>\n"
        '<main class="datafast datafast-map widget-vbox" id="df-root"></main>\n'
        f"<noscript><p>{_WITHOUT_SCRIPTS}</p><ul>{words}</ul></noscript>\n"
        f'{_block("map", data)}\n{_base_map()}\n<script type="module">{script}</script>\n</body>\n</html>\n'
    )


@cache
def _base_map() -> str:
    """Return the land and the other parts of the base map, as blocks of data."""
    return "\n".join(_block(part, places.content(part)) for part in get_args(Part))


def _block(name: str, content: bytes) -> str:
    """Return a block of data, which is no script: no browser runs it."""
    return f'<script type="application/gzip" id="df-{name}">{b64encode(content).decode()}</script>'


def _packed(data: bytes) -> bytes:
    """Compress data, always to the same bytes."""
    return gzip.compress(data, 9, mtime=0)


def _hash(text: str) -> str:
    """Return how a content-security policy names a script or a style."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
