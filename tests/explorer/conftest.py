"""What the tests of the explorer share: no map and no explorer outlives its test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.livemap.maps import registry


@pytest.fixture(autouse=True)
def _closes_everything() -> Iterator[None]:
    from datafast_nb.explorer import Explorer
    from datafast_nb.livemap import LiveMap

    yield
    for widget in list(registry().values()):
        if isinstance(widget, (Explorer, LiveMap)):
            widget.close()
