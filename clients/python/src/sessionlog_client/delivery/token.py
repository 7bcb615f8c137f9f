"""The token that a client shows with its calls."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from ..options import Options
from .address import is_local
from .status import CallFailure

ONLY_WITH_TLS = "a token is sent to another machine only with tls or insecure_token"
_BYTES_MAX = 8_192
"""More is no token, and more metadata than a service takes."""


class TokenFileError(Exception):
    """A file has no token that can be sent."""


def token_of(file: str | os.PathLike[str]) -> Callable[[], str]:
    """A token that is read again when its file has changed. Raises TokenFileError."""
    read: tuple[object, str] = (None, "")

    def token() -> str:
        nonlocal read
        try:
            state = os.stat(file)
            changed = (state.st_mtime_ns, state.st_size, state.st_ino)
            if read[0] != changed:
                with open(file, encoding="latin-1") as text:
                    read = (changed, text.read().strip())
        except OSError as error:
            raise TokenFileError(f"the token file cannot be read: {error}") from error
        if read[1] == "":
            # As while it is being written; without a token a call would be refused.
            raise TokenFileError(f"the token file is empty: {file}")
        return read[1]

    return token


def token_problem(options: Options) -> str | None:
    """Why the token can never be sent; None when it can, or is known only when it is needed."""
    if options.token_file is None and (callable(options.token) or not options.token):
        return None
    if not _may_leave(options):
        return ONLY_WITH_TLS
    return _text_problem(options.token) if isinstance(options.token, str) else None


def _may_leave(options: Options) -> bool:
    return options.tls is not None or options.insecure_token or is_local(options.address)


def _text_problem(token: str) -> str | None:
    if len(token) > _BYTES_MAX:
        return f"a token may have {_BYTES_MAX} bytes at most"
    return None if re.fullmatch(r"[ -~]*", token) else "a token may have printable ASCII only"


class TokenSource:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._token = options.token if options.token_file is None else token_of(options.token_file)
        self._last: str | None = None
        """What the last call had; None when it had none that can be sent."""
        self.renewable = callable(self._token)
        """Whether another token may come: that of a file or of a function."""

    def metadata(self) -> tuple[tuple[str, str], ...] | CallFailure:
        """The metadata of a call, or why it cannot be made. Raises what the token's function does."""
        self._last = None
        try:
            token = self._read()
        except TokenFileError as error:
            return CallFailure("UNAUTHENTICATED", str(error))
        problem = _text_problem(token)
        if problem is not None:
            return CallFailure("UNAUTHENTICATED", problem)
        self._last = token
        if not token:
            return ()
        if not _may_leave(self._options):
            return CallFailure("UNAUTHENTICATED", ONLY_WITH_TLS)
        return (("authorization", f"Bearer {token}"),)

    def renewed(self) -> bool:
        """Whether there is a token that can be sent, and the last call had another one."""
        if not self.renewable:
            return False
        try:
            token = self._read()
        except Exception:  # noqa: BLE001 the next call meets it again, and reports it
            return False
        return token != self._last and _text_problem(token) is None

    def _read(self) -> str:
        token = self._token
        return (token() if callable(token) else token) or ""
