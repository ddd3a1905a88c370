"""What the map shows of places besides its own land: shapes at 1:50m, regions, names, and flags, as compressed JSON.

``npm run places`` makes the files; NOTICE says of what.
"""

from __future__ import annotations

from importlib.resources import files

from datafast_nb.widgets.protocol import Part


def content(part: Part) -> bytes:
    """Return one of the files, compressed."""
    return files(__name__).joinpath(f"{part}.json.gz").read_bytes()
