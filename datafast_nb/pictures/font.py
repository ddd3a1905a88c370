"""The font of charts, of the map and of what surrounds them."""

from __future__ import annotations

from typing import Final

FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
