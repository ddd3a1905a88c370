"""A simulated website and a loopback HTTP server that speaks the endpoint's wire format."""

from __future__ import annotations

from datafast_nb.demo import faults
from datafast_nb.demo.server import Request, Server, serve
from datafast_nb.demo.simulation import simulate
from datafast_nb.demo.site import Site

__all__ = ["Request", "Server", "Site", "faults", "serve", "simulate"]
