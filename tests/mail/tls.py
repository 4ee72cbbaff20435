"""A certificate for this machine that nobody trusts unless told to."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conftest import require


class Certificate:
    """Of `localhost` and 127.0.0.1; `cert` is its own authority."""

    def __init__(self, folder: Path) -> None:
        self.cert, self.key = folder / "cert.pem", folder / "key.pem"
        subprocess.run(
            (
                *(require("openssl"), "req", "-x509", "-newkey", "ec"),
                *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
                *("-keyout", str(self.key), "-out", str(self.cert), "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            ),
            check=True,
            capture_output=True,
        )
