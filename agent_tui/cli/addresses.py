"""Addresses that the server calls."""

from __future__ import annotations

from urllib.parse import urlsplit

from agent_tui.errors import UsageError
from agent_tui.hosts import is_loopback
from agent_tui.lang import Both


def check_outward(url: str) -> str:
    """`url`. Raises UsageError unless it is an http or https address, and encrypted where it
    leaves this machine."""
    try:
        parts = urlsplit(url)
        host, known = parts.hostname or "", parts.scheme in ("http", "https")
    except ValueError:
        host, known = "", False
    if not (host and known):
        raise UsageError(
            Both(f"不是地址：{url or '（空）'}", f"not an address: {url or '(empty)'}"),
            Both("例如 https://shop.example/replies", "for example https://shop.example/replies"),
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            Both("不向外明文推送", "will not push to another machine without encryption"),
            Both("用 https:// 地址", "give an https:// address"),
        )
    return url
