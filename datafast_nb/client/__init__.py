"""The realtime map of a website over HTTP: the key, retries and limits."""

from datafast_nb.client.client import DEFAULT_BASE_URL, Client

__all__ = ["DEFAULT_BASE_URL", "Client"]
