"""The drawing process: `drawer` runs this file, so that a crash of the drawing library does not end the kernel.

Requests come on standard input and answers leave on standard output, each preceded by its length. A request is JSON; an
answer is one byte that says whether it was refused, followed by the drawing. This file imports no other module of the
package.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import sys
from typing import IO, Any

DRAWN, REFUSED = b"\x00", b"\x01"
_LENGTH = 8


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one message; a pipe may take it in parts."""
    rest = memoryview(len(message).to_bytes(_LENGTH, "big") + message)
    while rest:
        rest = rest[stream.write(rest) :]


def received(stream: IO[bytes]) -> bytes | None:
    """Read one message; None at the end of the stream."""
    header = _exactly(stream, _LENGTH)
    return None if header is None else _exactly(stream, int.from_bytes(header, "big"))


def _exactly(stream: IO[bytes], size: int) -> bytes | None:
    """Read this many bytes; None if there are fewer."""
    parts = []
    while size:
        part = stream.read(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _answered(library: Any, request: bytes) -> bytes:  # noqa: ANN401 - a module without types
    """Call a function of the drawing library."""
    asked = json.loads(request)
    # Ends the process from outside Python, if no one is left to end it.
    faulthandler.dump_traceback_later(asked["seconds"], exit=True)
    try:
        result: str | bytes | dict[str, Any] = getattr(library, asked["function"])(**asked["arguments"])
    except ValueError as error:  # what vl-convert raises for anything that it can't draw
        return REFUSED + str(error).encode(errors="replace")
    finally:
        faulthandler.cancel_dump_traceback_later()
    if isinstance(result, dict):
        result = json.dumps(result)
    return DRAWN + (result.encode() if isinstance(result, str) else result)


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # output that a library prints must not mix with answers
    sys.path.append(sys.argv[1])
    library = importlib.import_module("vl_convert")
    requests = os.fdopen(0, "rb", buffering=0)
    while (request := received(requests)) is not None:
        send(answers, _answered(library, request))


if __name__ == "__main__":
    main()
