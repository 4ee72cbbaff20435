"""The server as a program: pages, metrics, addresses, TLS, and a clean end."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent_tui.errors import ServerError
from agent_tui.lang import Both
from agent_tui.server import run, setup
from agent_tui.server.content import Content, Publish
from agent_tui.server.database import Database
from agent_tui.server.run import Listen
from agent_tui.sync.http import HttpWire
from tests.conftest import require
from tests.driver import Http, Serving, conversation_of, make_folder, until

ENDPOINTS = {
    "/v1/session",
    "/v1/commands",
    "/v1/conversations/{conversation}/orders",
    "/v1/changes",
    "/v1/snapshot",
    "/v1/stream",
    "/v1/typing",
    "/v1/availability",
    "/v1/surge",
    "/v1/audit",
    "/v1/search",
    "/v1/knowledge/stats",
    "/v1/knowledge/versions",
    "/v1/web/{inbox}",
    "/v1/web/{inbox}/session",
    "/v1/web/{inbox}/messages",
    "/v1/web/{inbox}/stream",
    "/v1/web/{inbox}/receipt",
    "/v1/web/{inbox}/rating",
    "/v1/web/{inbox}/typing",
    "/v1/web/{inbox}/files",
    "/v1/files",
    "/files/{id}/{name}",
    "/v1/inbound/{inbox}",
}


# --- pages ---------------------------------------------------------------------------------------


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_openapi_document_is_whole(serving: Serving) -> None:
    document = Http(serving.base).ok("GET", "/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == ENDPOINTS
    schemas = document["components"]["schemas"]
    found = set(references(document))
    assert found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in schemas
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            assert "default" in operation["responses"]
            names = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert names == set(re.findall(r"{(\w+)}", path))
            for rule in operation.get("security", []):
                assert set(rule) <= set(document["components"]["securitySchemes"])


def test_the_page_for_people_names_every_endpoint_and_type(serving: Serving) -> None:
    page = httpx.get(f"{serving.base}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for path in ENDPOINTS:
        assert path in page.text
    anchors = set(re.findall(r"href='#(\w+)'", page.text))
    assert anchors
    assert anchors <= set(re.findall(r"id='(\w+)'", page.text))


def test_the_chat_page_and_its_script(serving: Serving) -> None:
    page = httpx.get(f"{serving.base}/chat", params={"inbox": "web"})
    assert "<support-chat" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    script = httpx.get(f"{serving.base}/chat.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "innerHTML" not in script.text


def test_health_and_metrics(serving: Serving) -> None:
    visitor = serving.visitor()
    visitor.say("你好")
    anna = serving.agent()
    from agent_tui.domain import commands as c

    anna.applied(conversation_of(serving, visitor), c.Claim())
    health = Http(serving.base).ok("GET", "/healthz")
    assert health["ok"] is True and health["head"] > 0
    with anna.stream(anna.now()) as stream:
        until(lambda: stream.comments)
        text = httpx.get(f"{serving.base}/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {
        "agent_tui_events",
        "agent_tui_commands",
        "agent_tui_inbound_messages",
        "agent_tui_rate_limited",
        "agent_tui_commit_seconds",
        "agent_tui_batch_jobs",
        "agent_tui_streams",
        "agent_tui_head",
    } <= set(families)
    open_streams = {s.labels["kind"]: s.value for s in families["agent_tui_streams"].samples}
    assert open_streams["agent"] == 1


@pytest.mark.parametrize(
    ("readers", "here", "through_a_proxy"),
    [("local", 200, 404), ("all", 200, 200), ("off", 404, 404)],
)
def test_who_reads_the_metrics(
    tmp_path: Path, readers: str, here: int, through_a_proxy: int
) -> None:
    found = Serving(make_folder(tmp_path, f"[server]\nmetrics = '{readers}'\n")).start()
    try:
        url = f"{found.base}/metrics"
        forwarded = httpx.get(url, headers={"x-forwarded-for": "203.0.113.7"})
        assert httpx.get(url).status_code == here
        assert forwarded.status_code == through_a_proxy
    finally:
        found.close()


def test_any_page_may_call_the_web_channel(serving: Serving) -> None:
    """Cross-origin: the shop's own site embeds the chat."""
    origin = {"Origin": "https://shop.example"}
    asked = origin | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    preflight = httpx.options(f"{serving.base}/v1/web/web/messages", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in preflight.headers
    answer = httpx.get(f"{serving.base}/v1/web/web", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "*"
    refused = httpx.get(f"{serving.base}/v1/web/web/messages", headers=origin)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "*"


def test_what_is_not_there(serving: Serving) -> None:
    assert httpx.get(f"{serving.base}/v1/nothing").status_code == 404
    assert httpx.delete(f"{serving.base}/v1/commands").status_code == 405
    assert "server" not in httpx.get(f"{serving.base}/healthz").headers


# --- starting and stopping -----------------------------------------------------------------------


def test_a_clean_stop_with_streams_open(tmp_path: Path) -> None:
    serving = Serving(make_folder(tmp_path)).start()
    visitor = serving.visitor()
    visitor.say("你好")
    anna = serving.agent()
    with anna.stream(anna.now()) as one, visitor.stream() as two:
        until(lambda: one.comments and two.comments)
        assert serving.stop() < 3.0
        until(lambda: one.ended and two.ended, 3)
    serving.close()


def test_a_clean_stop_while_content_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = Serving(make_folder(tmp_path)).start()
    looking, go_on = threading.Event(), threading.Event()

    def slow(self: Content, database: Database) -> Iterator[Publish]:
        if self.root == serving.folder.root:  # other tests' servers run beside it
            looking.set()
            assert go_on.wait(20)
        yield from ()

    monkeypatch.setattr(Content, "jobs", slow)
    monkeypatch.setattr(Content, "is_due", lambda self: True)
    assert looking.wait(20)
    stopping = threading.Thread(target=serving.stop)
    stopping.start()
    stopping.join(0.5)
    assert stopping.is_alive()  # it waits for the thread that is at it still
    go_on.set()
    stopping.join(20)
    assert not stopping.is_alive()
    serving.close()


SERVE = """
import sys
from pathlib import Path
from agent_tui.server.run import Listen, serve
from agent_tui.server.setup import DataFolder
serve(DataFolder(Path(sys.argv[1])), Listen("127.0.0.1", 0), lambda base: print(base, flush=True))
"""


def test_sigterm_stops_within_three_seconds(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        base = process.stdout.readline().strip()
        serving = Serving(folder)
        serving.base = base
        until(serving._answers)
        anna = serving.agent()
        with anna.stream(anna.now()) as stream:
            until(lambda: stream.comments)
            started = time.monotonic()
            process.terminate()
            # uvicorn stops cleanly and then lets the signal take its usual effect.
            assert process.wait(10) in (0, -signal.SIGTERM)
            assert time.monotonic() - started < 3.0
            until(lambda: stream.ended)
        serving.close()


def test_a_port_that_is_taken(tmp_path: Path, serving: Serving) -> None:
    port = int(serving.base.rsplit(":", 1)[1])
    other = Serving(make_folder(tmp_path), Listen("127.0.0.1", port))
    with pytest.raises(ServerError, match=f"端口 {port} 已被占用"):
        other.start()
    other.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "shop.example"])
def test_no_plain_listening_beyond_loopback(host: str, tmp_path: Path) -> None:
    with pytest.raises(ServerError) as caught:
        run.check(Listen(host, 0))
    assert isinstance(caught.value.hint, Both) and "--certfile" in caught.value.hint.en
    run.check(Listen(host, 0, behind_proxy=True))
    pem = tmp_path / "c.pem"
    pem.write_text("x", "utf-8")
    run.check(Listen(host, 0, certfile=pem, keyfile=pem))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_nothing(host: str) -> None:
    run.check(Listen(host, 0))


def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="没有文件"):
        run.check(Listen("127.0.0.1", 0, certfile=tmp_path / "none.pem"))


def test_an_address_that_is_not_ones_own(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="不能监听"):
        run.serve(make_folder(tmp_path), Listen("192.0.2.1", 0, behind_proxy=True), print)


def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *(require("openssl"), "req", "-x509", "-newkey", "ec"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return cert, key


async def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, key = certificate(tmp_path)
    folder = make_folder(tmp_path / "data")
    serving = Serving(folder, Listen("127.0.0.1", 0, cert, key)).start()
    assert serving.base.startswith("https://127.0.0.1:")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    wire = HttpWire(serving.base, serving.token("anna"))
    assert (await wire.session()).agent.id == "anna"
    await wire.close()
    # Plain HTTP on that port is no way in, and the certificate is looked at.
    plain = serving.base.replace("https", "http")
    async with httpx.AsyncClient(timeout=20.0) as http:
        with pytest.raises(httpx.HTTPError):
            await http.get(f"{plain}/healthz")
    monkeypatch.delenv("SSL_CERT_FILE")
    from agent_tui.errors import WireError

    distrustful = HttpWire(serving.base, "x")
    with pytest.raises(WireError):
        await distrustful.session()
    await distrustful.close()
    serving.close()


# --- data folders --------------------------------------------------------------------------------


def test_init_makes_a_folder_once_and_leaves_what_is_there(tmp_path: Path) -> None:
    root = tmp_path / "new" / "data"
    folder = setup.create(root)
    assert (root / "kb").is_dir() and (root / "macros").is_dir()
    (root / "config.toml").write_text("[shop]\nname = '我的店'\n", "utf-8")
    (root / "kb" / "own.md").write_text("---\ntitle: 自己的\n---\nx\n", "utf-8")
    again = setup.create(root)
    assert again.config.shop.name == "我的店"
    database = folder.open()
    with setup.administration(again) as (_, writer):
        assert len(writer.directory.teams) == 6
        assert list(writer.directory.inboxes) == ["web"]
    database.close()
    assert setup.open_existing(root).config.shop.name == "我的店"


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="不是数据目录"):
        setup.open_existing(tmp_path)
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(ServerError, match="建不了"):
        setup.create(tmp_path / "file" / "data")


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////no/such/folder/x.db"])
def test_a_database_that_cannot_be_used(url: str) -> None:
    with pytest.raises(ServerError):
        database = Database(url)
        try:
            database.migrate()
        finally:
            database.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database at all" * 100)
    database = Database(f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(ServerError, match="不能用"):
        database.migrate()
    database.close()


def test_serving_loads_no_textual(tmp_path: Path) -> None:
    code = "import agent_tui.server.run, sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = json.loads(done.stdout)
    assert "uvicorn" in loaded
    assert not [name for name in loaded if name.split(".")[0] == "textual"]


def test_reads_and_writes_are_whole_transactions(tmp_path: Path) -> None:
    """The driver's own transactions would mix two moments in one read."""
    from sqlalchemy import text

    database = Database(f"sqlite:///{tmp_path}/x.db")
    database.migrate()
    with database.write() as writer:
        writer.execute(text("CREATE TABLE t (n INTEGER)"))
    with database.read() as reader:
        assert reader.execute(text("SELECT count(*) FROM t")).scalar() == 0
        with database.write() as writer:
            writer.execute(text("INSERT INTO t VALUES (1)"))
        assert reader.execute(text("SELECT count(*) FROM t")).scalar() == 0
    with pytest.raises(ZeroDivisionError), database.write() as writer:
        writer.execute(text("INSERT INTO t VALUES (2)"))
        nested = writer.begin_nested()
        writer.execute(text("INSERT INTO t VALUES (3)"))
        nested.rollback()
        raise ZeroDivisionError
    with database.read() as reader:
        assert reader.execute(text("SELECT n FROM t")).scalars().all() == [1]
        assert reader.execute(text("PRAGMA synchronous")).scalar() == 2
        assert reader.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    database.close()


def test_a_busy_port_does_not_leave_a_socket_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError):
            run._bind(Listen("127.0.0.1", port))
