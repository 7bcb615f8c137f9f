"""The files that secure a connection."""

from __future__ import annotations

from pathlib import Path

from ..options import Tls

Pem = tuple[bytes | None, bytes | None, bytes | None]


def read_pem(tls: Tls) -> Pem:
    """Authorities, key and certificate, as they are now. Raises OSError, and ValueError with one line that names the
    option and the file, as gRPC alone says nothing of what is wrong with them."""
    import ssl  # not for those who have no TLS

    ca = _read("ca_file", tls.ca_file)
    cert = _read("cert_file", tls.cert_file)
    key = _read("key_file", tls.key_file)
    if (cert is None) != (key is None):
        raise ValueError("cert_file and key_file: expected both or none")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca_file is not None:
        try:
            context.load_verify_locations(tls.ca_file)
        except ssl.SSLError as error:
            raise ValueError(f"ca_file: {tls.ca_file}: expected certificates in PEM ({error.reason})") from error
    if tls.cert_file is not None and tls.key_file is not None:
        if b"ENCRYPTED" in (key or b""):
            raise ValueError(f"key_file: {tls.key_file}: is encrypted, expected a key without passphrase")
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file)
        except ssl.SSLError as error:
            files = f"cert_file, key_file: {tls.cert_file}, {tls.key_file}"
            raise ValueError(f"{files}: expected a certificate and its key in PEM ({error.reason})") from error
    return ca, key, cert


def _read(option: str, file: str | None) -> bytes | None:
    content = None if file is None else Path(file).read_bytes()
    if content == b"":
        raise ValueError(f"{option}: {file}: is empty")
    return content
