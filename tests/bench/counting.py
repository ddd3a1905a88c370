"""What widgets send, counted instead of sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import comm
from comm.base_comm import BaseComm
from jupyter_client.session import json_packer

from datafast_nb.widgets.protocol import Pages


@dataclass
class Traffic:
    """What was sent: bytes, messages, and the names of the states in them, those in pages too."""

    size: int = 0
    messages: int = 0
    states: set[str] = field(default_factory=set)


class CountingComm(BaseComm):
    """A comm that packs each message as the kernel does, and counts instead of sending."""

    traffic: ClassVar[Traffic] = Traffic()

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        packed = json_packer({"data": data, "metadata": metadata, **keys})
        self.traffic.size += len(packed) + sum(memoryview(buffer).nbytes for buffer in buffers or ())
        self.traffic.messages += 1
        self.traffic.states |= (data or {}).get("state", {}).keys() - {*Pages.__struct_fields__}
        self.traffic.states |= {field for page, field, *_ in (data or {}).get("buffer_paths", ())}


@contextmanager
def counted_comms() -> Iterator[None]:
    """Let all widgets made meanwhile send through a comm that counts."""
    create = comm.create_comm
    comm.create_comm = CountingComm
    try:
        yield
    finally:
        comm.create_comm = create


@contextmanager
def counted_traffic() -> Iterator[Traffic]:
    """Count what is sent from now on."""
    CountingComm.traffic = Traffic()
    yield CountingComm.traffic
