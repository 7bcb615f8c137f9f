"""Which addresses can be used: `host:port`, `unix:/path`, and gRPC's own targets."""

from __future__ import annotations

import json
import re

_TARGET = re.compile(r"(unix|unix-abstract|vsock|xds|ipv[46]):.|dns:[0-9]*[^0-9]")
"""Targets that gRPC resolves by their scheme. A port alone may follow a host of the name `dns`."""
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+(%\w+)?\]|[^:/,\s\[\]]+):([0-9]{1,5})", re.ASCII)
_PORT_MAX = 65_535
_LOCAL = re.compile(r"unix:.*|(dns:(///)?|ipv[46]:)?(127\.[0-9.]+|localhost|\[::1\])(:[0-9]+)?")


def address_problem(address: str) -> str | None:
    """What is wrong with an address; None when it can be used. The cases are clients/cases/addresses.jsonl."""
    found = _HOST_AND_PORT.fullmatch(address)
    if _TARGET.match(address) or (found is not None and int(found[3]) <= _PORT_MAX):
        return None
    return f"expected host:port or unix:/path, not {json.dumps(address, ensure_ascii=False)}"


def is_local(address: str) -> bool:
    """Whether what is sent to an address stays on this machine."""
    return _LOCAL.fullmatch(address) is not None
