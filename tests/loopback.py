"""Requests to a demo server on this machine, at the level of HTTP."""

from __future__ import annotations

from typing import Any

import requests

from datafast_nb.demo import Server

KEY = "demo"
TIMEOUT = 10


def get(server: Server, path: str = "/analytics/realtime/map", *, key: str = KEY, **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}"} | options.pop("headers", {})
    return requests.get(server.url + path, headers=headers, timeout=TIMEOUT, **options)


def is_error(response: requests.Response, code: int) -> bool:
    error = response.json()
    return (
        response.status_code == code
        and error["status"] == "error"
        and error["error"]["code"] == code
        and bool(error["error"]["message"])
        and response.headers["Content-Type"] == "application/json"
    )
