"""Connect to the user's website if a key is set, and to the demo site otherwise."""

from __future__ import annotations

import os
from functools import cache

from datafast_nb import demo
from datafast_nb.api_key import VARIABLE
from datafast_nb.client import Client
from datafast_nb.snapshot import Snapshot


def connect() -> Client:
    """Connect to your website, or to the demo site if no key is set.

    With ``DATAFAST_API_KEY`` in the environment, the client asks DataFast about your website. Without it, a simulated
    website starts inside this process, and a printed line says that its data is made up.

    Returns
    -------
    Client
        A source of snapshots. Both sites are reached through the same HTTP API.

    Raises
    ------
    MissingKeyError
        ``DATAFAST_API_KEY`` is set, but is not a valid key.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> client = dfn.connect()  # doctest: +SKIP
    Demo data from a simulated website, as DATAFAST_API_KEY is not set.
    """
    if os.getenv(VARIABLE, "").strip():
        return Client()
    print(f"Demo data from a simulated website, as {VARIABLE} is not set.")  # noqa: T201 - the reader must know
    return _demo_server().client()


def load() -> Snapshot:
    """Take one snapshot of your website, or of the demo site if no key is set.

    Returns
    -------
    Snapshot
        The current visitors, events and payments.

    Raises
    ------
    DataFastError
        As raised by ``Client.snapshot``.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> snap = dfn.load()  # doctest: +SKIP
    """
    return connect().snapshot()


@cache
def _demo_server() -> demo.Server:
    """Start the demo site once per process; its threads end with the process."""
    return demo.serve()
