"""What `/metrics` tells Prometheus, and whom."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.requests import Request

from agent_tui.hosts import is_loopback
from agent_tui.settings.server import Readers

REGISTRY = CollectorRegistry()

EVENTS = Counter("agent_tui_events", "Events appended to the log", registry=REGISTRY)
COMMANDS = Counter(
    "agent_tui_commands", "Numbered commands by outcome", ["outcome"], registry=REGISTRY
)
INBOUND = Counter(
    "agent_tui_inbound_messages", "Customer messages accepted", ["channel"], registry=REGISTRY
)
PUSHED = Counter(
    "agent_tui_pushed_replies",
    "Attempts to push a reply, by what came of them",
    ["result"],
    registry=REGISTRY,
)
LIMITED = Counter("agent_tui_rate_limited", "Requests refused by a rate limit", registry=REGISTRY)
CUT = Counter("agent_tui_slow_readers_cut", "Connections that did not read", registry=REGISTRY)
COMMIT_SECONDS = Histogram(
    "agent_tui_commit_seconds",
    "Time of one group commit",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    registry=REGISTRY,
)
RETRIES = Counter(
    "agent_tui_batch_retries", "Batches decided again after a conflict", registry=REGISTRY
)
BATCH_JOBS = Histogram(
    "agent_tui_batch_jobs",
    "Jobs in one group commit",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
    registry=REGISTRY,
)
STREAMS = Gauge("agent_tui_streams", "Open event streams", ["kind"], registry=REGISTRY)
HEAD = Gauge("agent_tui_head", "Last seq of the feed", registry=REGISTRY)

# A proxy that was not announced (`--behind-proxy`) calls from here for anybody.
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def may_read(request: Request, readers: Readers) -> bool:
    """Whether the caller is one of `readers`: programs on this machine, anybody, nobody."""
    if readers != "local":
        return readers == "all"
    called_for = any(name in request.headers for name in FORWARDED)
    return request.client is not None and is_loopback(request.client.host) and not called_for
