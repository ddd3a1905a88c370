"""A simulated website and a loopback HTTP server that speaks the endpoint's wire format."""

from __future__ import annotations

from datafast_nb.demo.server import Request, Response, Server, serve
from datafast_nb.demo.simulation import simulate
from datafast_nb.demo.site import Site

__all__ = ["Request", "Response", "Server", "Site", "serve", "simulate"]
