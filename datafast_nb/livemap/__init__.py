"""The live map: a widget that shows who is on a website now."""

from __future__ import annotations

from datafast_nb.livemap.live_map import LiveMap

__all__ = ["LiveMap"]
