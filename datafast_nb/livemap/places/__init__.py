"""What the map shows of places besides its own land: shapes at 1:50m, regions, names, and flags, as compressed JSON.

``npm run places`` makes the files; NOTICE says of what.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files

import msgspec

from datafast_nb.livemap.basemap import land
from datafast_nb.widgets.protocol import Part


@cache
def content(part: Part) -> bytes:
    """Return one of the files, compressed; the land is that of the base map."""
    if part == "land":
        return gzip.compress(msgspec.json.encode(land(around=False)), 9, mtime=0)
    return files(__name__).joinpath(f"{part}.json.gz").read_bytes()
