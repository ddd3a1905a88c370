"""The explorer: a panel that asks one question after another, alone or beside a live map."""

from __future__ import annotations

from datafast_nb.explorer.explorer import Explorer

__all__ = ["Explorer"]
