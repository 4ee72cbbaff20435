"""A host under test, and a colleague's hands on its server."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from agent_tui.practice.folder import Ready

LONG = 20.0
STOP = 10.0


@dataclass
class Host:
    """A running host and a client with its login."""

    child: subprocess.Popen[bytes]
    ready: Ready
    http: httpx.Client
    number: int = 0

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Customer's name -> `conversation_entered` body, of what is not resolved."""
        answer = self.http.get("/v1/snapshot", params={"client": "kt"})
        assert answer.status_code == 200, answer.text
        found: dict[str, dict[str, Any]] = {}
        for line in answer.text.splitlines():
            body = msgspec.json.decode(line).get("body", {})
            if body.get("kind") == "conversation_entered":
                state = body["state"]
                if state.get("status", "open") != "resolved":
                    assert state["customer"]["name"] not in found, "a customer is there twice"
                    found[state["customer"]["name"]] = body
        return found

    def reply(self, conversation: dict[str, Any], text: str) -> str:
        """Answer as the account that the host made; the outcome."""
        state = conversation["state"]
        command = {
            "do": "send_reply",
            "message": f"m{self.number + 1}",
            "text": text,
            "epoch": state.get("epoch", 0),
            "seen": state["messages"],
        }
        return self.do(conversation, command)

    def do(self, conversation: dict[str, Any], command: dict[str, Any]) -> str:
        """The outcome of one command."""
        self.number += 1
        state = conversation["state"]
        order = {
            "number": self.number,
            "conversation": state["id"],
            "queued_at": 0,
            "command": command,
        }
        body = {"client": "kt", "sent_at": 0, "orders": [order]}
        answer = self.http.post("/v1/commands", json=body)
        assert answer.status_code == 200, answer.text
        outcome: str = answer.json()["results"][0]["outcome"]
        return outcome

    def stop(self) -> float:
        """Close its input; how long it took to end, in seconds."""
        assert self.child.stdin is not None
        began = time.monotonic()
        self.child.stdin.close()
        self.child.wait(30)
        return time.monotonic() - began


@contextmanager
def hosting(root: Path, *options: str) -> Iterator[Host]:
    """A host on `root`, killed at the end if it is still there."""
    child = subprocess.Popen(
        [sys.executable, "-m", "agent_tui.practice.host", f"--root={root}", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None and child.stdin is not None
    try:
        line = child.stdout.readline()
        log = (root / "host.log").read_text("utf-8") if not line else ""
        assert line, f"the host did not start: {log}"
        ready = msgspec.json.decode(line, type=Ready)
        headers = {"Authorization": f"Bearer {ready.token}"}
        with httpx.Client(base_url=ready.url, headers=headers, trust_env=False) as http:
            yield Host(child, ready, http)
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdin.close()
        child.stdout.close()


def eventually(look: Callable[[], bool], seconds: float) -> bool:
    """Whether `look` came true within `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if look():
            return True
        time.sleep(0.05)
    return look()
