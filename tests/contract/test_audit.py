"""GET /v1/audit: who did what, to those who may know, a bounded page at a time."""

from __future__ import annotations

import weakref
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.model import Role
from agent_tui.domain.staffing import Surge
from agent_tui.server import audit_api, origins, schema
from tests import factories as f
from tests.driver import AgentClient, Answer, Serving, chat_key, until


def kinds(client: AgentClient, **query: object) -> list[str]:
    return [each["kind"] for each in client.ok("GET", "/v1/audit", **query)["entries"]]


def test_says_who_did_what(serving: Serving) -> None:
    key = chat_key(serving, "你好，我要退货" * 30)
    anna, lee = serving.agent(), serving.agent("lee")
    anna.applied(key, c.Claim())
    lee.applied(key, c.Assign(AgentId("bo"), epoch=1, owner=AgentId("anna")))
    found = lee.ok("GET", "/v1/audit", conversation=key)
    assert found["next"] is None
    assigned, claimed, *first = found["entries"]
    assert (assigned["by"], assigned["kind"], assigned["client"]) == ("lee", "assigned", lee.client)
    assert (assigned["owner_before"], assigned["owner_after"]) == ("anna", "bo")
    assert (assigned["conversation"], assigned["team"]) == (key, "after-sales")
    assert assigned["detail"] == {"agent": "bo", "team": "after-sales", "epoch": "2"}
    assert (claimed["by"], claimed["client"]) == ("anna", anna.client)
    assert [each["by"] for each in first] == ["customer"] * len(first)
    wrote = next(each for each in first if each["kind"] == "customer_wrote")
    assert wrote["detail"]["text"].endswith("…") and len(wrote["detail"]["text"]) == 80


def test_by_whom_what_and_since_when(serving: Serving) -> None:
    key = chat_key(serving)
    anna, lee = serving.agent(), serving.agent("lee")
    anna.applied(key, c.Claim(), c.Tag("急"))
    lee.applied(key, c.Tag("vip"))
    assert kinds(lee, agent="anna")[:2] == ["tagged", "claimed"]
    assert set(kinds(lee, agent="anna", kind="claimed")) == {"claimed"}
    assert kinds(lee, agent="lee", conversation=key) == ["tagged"]
    at = lee.ok("GET", "/v1/audit", agent="lee")["entries"][0]["at"]
    assert "tagged" in kinds(lee, since=at)
    assert kinds(lee, since=at + 1) == []


def at(client: AgentClient, address: str) -> AgentClient:
    """The same machine, plugged in elsewhere."""
    client._http = httpx.Client(
        base_url=client.base,
        headers=client._http.headers,
        timeout=40.0,
        transport=httpx.HTTPTransport(local_address=address),
    )
    weakref.finalize(client, client._http.close)
    return client


def test_from_where(serving: Serving) -> None:
    key = chat_key(serving)
    lee = serving.agent("lee")
    here, there = "127.0.0.1", "127.0.0.2"

    def seen(**query: object) -> list[tuple[str, str]]:
        found = lee.ok("GET", "/v1/audit", **query)["entries"]
        return [
            (each["detail"].get("tag", each["kind"]), each.get("address", "")) for each in found
        ]

    first = lee.order(key, c.Tag("一"))
    lee.send([first])
    at(lee, there).send([first])  # again: it is what it was
    lee.applied(key, c.Tag("二"), c.Tag("三"))
    at(lee, here).applied(key, c.Tag("四"))
    tags = [("四", here), ("三", there), ("二", there), ("一", here)]
    assert seen(agent="lee", conversation=key) == tags
    assert {address for _, address in seen(agent="customer", conversation=key)} == {""}
    body = {"availability": "busy", "client": lee.client, "told": True}
    at(lee, there).ok("POST", "/v1/availability", body)
    assert seen(kind="availability_set", agent="lee", limit=1) == [("availability_set", there)]
    (last,) = [each.seq for each in serving.log() if "四" in each.body.decode()]
    with serving.database.write() as connection:
        origins.forget(connection, last)
        kept = connection.execute(
            select(schema.origin.c.seq).where(schema.origin.c.client == lee.client)
        ).all()
    assert len(kept) == 1
    assert seen(agent="lee", conversation=key)[0] == ("四", here)
    assert seen(kind="availability_set", agent="lee", limit=1) == [("availability_set", there)]


def test_pages(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """By count, and where the log has long stretches of others'."""
    key = chat_key(serving)
    lee = serving.agent("lee")
    lee.applied(key, *(c.Tag(f"t{n}") for n in range(9)))
    monkeypatch.setattr(audit_api, "STRETCH", 5)
    monkeypatch.setattr(audit_api, "MOST", 4)
    tags: list[str] = []
    before, pages = "0", 0
    while before != "None":
        page = lee.ok("GET", "/v1/audit", kind="tagged", limit=400, before=before)
        assert len(page["entries"]) <= 4
        own = [each for each in page["entries"] if each["conversation"] == key]
        tags += [each["detail"]["tag"] for each in own]
        before, pages = str(page["next"]), pages + 1
    assert tags == [f"t{n}" for n in reversed(range(9))]
    assert pages > 3
    start = lee.ok("GET", "/v1/audit", kind="tagged", limit=1)["entries"][0]["at"] + 1
    assert lee.ok("GET", "/v1/audit", since=start)["next"] is None


def test_only_what_the_lead_may_see(serving: Serving) -> None:
    mine, parcel = chat_key(serving), chat_key(serving, inbox="parcels")
    serving.change(e.SurgeSet(Surge(TeamId("after-sales"), f.NOW, f.NOW + 1)))
    lee, root = serving.agent("lee"), serving.agent("root")
    seen = {each["conversation"] for each in lee.ok("GET", "/v1/audit", limit=500)["entries"]}
    assert {None, mine} <= seen
    assert parcel not in seen
    assert kinds(lee, conversation=parcel) == []
    assert "customer_wrote" in kinds(root, conversation=parcel)
    assert "surge_set" in kinds(lee)
    # A chat that leaves the team was its business until then.
    root.applied(mine, c.Assign(team=TeamId("logistics")), c.Tag("later"))
    assert kinds(lee, conversation=mine)[0] == "assigned"
    serving.change(e.AgentSaved(f.agent("ada", "Ada", Role.LEAD, ())))
    ada = serving.agent("ada")
    until(lambda: ada.call("GET", "/v1/audit").status == 200)
    assert kinds(ada, conversation=mine) == []


@pytest.mark.parametrize("person", ["anna", "kid"])
def test_not_for_everybody(serving: Serving, person: str) -> None:
    assert serving.agent(person).call("GET", "/v1/audit").code == "not_allowed"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"agent": "nobody"}, 404),
        ({"kind": "assignd"}, 400),
        ({"since": "yesterday"}, 400),
        ({"limit": "-1"}, 400),
        ({"before": "9" * 30}, 400),
    ],
)
def test_bad_questions(serving: Serving, query: dict[str, Any], status: int) -> None:
    answer: Answer = serving.agent("lee").call("GET", "/v1/audit", **query)
    assert answer.status == status


def test_odd_questions(serving: Serving) -> None:
    lee = serving.agent("lee")
    every = kinds(lee)
    assert every and kinds(lee, limit=100_000) == kinds(lee, before=999_999_999) == every
    assert kinds(lee, conversation="c\0") == []
