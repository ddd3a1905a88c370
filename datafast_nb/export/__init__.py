"""Writes what the package returns into files that other programs open."""

from datafast_nb.export.saving import save

__all__ = ["save"]
