"""The options that environment variables give to `SessionLogger.from_env`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .options import Tls

_TLS = {name: f"SESSIONLOG_{name.upper()}" for name in ("ca_file", "cert_file", "key_file", "server_name")}


def options_from(environment: Mapping[str, str]) -> dict[str, Any]:
    """Options of SessionLogger, of those variables that are set and not empty."""
    get = environment.get
    tls = {name: get(variable) or None for name, variable in _TLS.items()}
    options: dict[str, Any] = {
        "address": get("SESSIONLOG_ADDRESS"),
        "daemon": get("SESSIONLOG_DAEMON"),
        "spill_file": get("SESSIONLOG_SPILL_FILE"),
        "debug": (get("SESSIONLOG_DEBUG") or "").lower() in ("1", "t", "true"),
        "token_file": get("SESSIONLOG_TOKEN_FILE"),
        "token": None if get("SESSIONLOG_TOKEN_FILE") else get("SESSIONLOG_TOKEN"),
        "tls": Tls(**tls) if any(tls.values()) else None,
    }
    return {name: value for name, value in options.items() if value}
