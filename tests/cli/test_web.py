"""`web`, as far as no browser is needed."""

from __future__ import annotations

import socket

import pytest

from tests.cli.conftest import Cli


def test_a_port_in_use(cli: Cli) -> None:
    pytest.importorskip("textual_serve")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli("web", "--demo", "--port", str(port))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"agent-tui: port {port} is in use\n") and "--port" in done.err


def test_an_address_that_is_none(cli: Cli) -> None:
    pytest.importorskip("textual_serve")
    done = cli("web", "--demo", "--host", "192.0.2.1", "--allow-remote")
    assert done.code == 1 and "agent-tui: cannot listen on 192.0.2.1:8643" in done.err
