"""What a saved page holds."""

from __future__ import annotations

import gzip
import re
from base64 import b64decode
from pathlib import Path

import msgspec

from datafast_nb.widgets.protocol import SavedMap


def data(file: Path) -> str:
    """Return what a page holds of its map, as text."""
    found = re.search(r'<script type="application/gzip" id="df-map">([\w+/=]+)</script>', file.read_text("utf-8"))
    assert found
    return gzip.decompress(b64decode(found[1])).decode()


def held(file: Path) -> SavedMap:
    """Return what a page holds of its map."""
    return msgspec.json.decode(data(file), type=SavedMap)


def everything(file: Path) -> str:
    """Return all that a page says of visitors: the document around its data, and the data."""
    document = re.sub(r"<script.*?</script>|<style>.*?</style>", "", file.read_text("utf-8"), flags=re.DOTALL)
    return document + data(file)
