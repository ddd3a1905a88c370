"""What the tests of the live map share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unpacked import Unpacked


class Sent(list[dict[str, Any]]):
    """What the widgets have sent to the browser, in order, as the browser reads it."""

    def states(self, *traits: str) -> list[dict[str, Any]]:
        """Return the states that were sent, of those that hold one of some traits."""
        states = [each["data"]["state"] for each in self if each["data"].get("method") == "update"]
        return [state for state in states if not traits or set(traits) & set(state)]

    def told(self, do: str) -> list[dict[str, Any]]:
        """Return the messages of one kind that tell what is to happen once."""
        contents = [each["data"]["content"] for each in self if each["data"].get("method") == "custom"]
        return [content for content in contents if content.get("do") == do]

    def bytes(self) -> int:
        """Return the size of it all as JSON, which must be strict."""
        return sum(len(json.dumps(each, allow_nan=False, ensure_ascii=False).encode()) for each in self)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Record what the widgets send to the browser."""
    from comm.base_comm import BaseComm

    messages = Sent()

    class Recorder(BaseComm):
        def __init__(self, *given: Any, **named: Any) -> None:
            self.unpacked = Unpacked()
            super().__init__(*given, **named)

        def publish_msg(
            self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_rest: Any
        ) -> None:
            messages.append({"type": msg_type, "data": self.unpacked.read(data or {}, buffers or [])})

    monkeypatch.setattr("comm.create_comm", Recorder)
    return messages
