"""Who may talk to the server at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Role
from agent_tui.domain.protocol import PROTOCOL
from agent_tui.errors import ServerError
from agent_tui.server import accounts, auth, compaction, feed_api, schema
from agent_tui.server.workspace import ChangeWorkspace
from tests import factories as f
from tests.driver import PASSWORD, PEOPLE, Http, Serving, make_folder, until


@pytest.fixture
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server of its own, with limits that a test can reach."""
    config = """
        [limits]
        web_session = "3/minute"
        web_message = "6/minute"
        web_address = "4/minute"
        web_hints = "3/minute"
        login = "4/minute"
        login_account = "2/minute"
    """
    found = Serving(make_folder(tmp_path_factory.mktemp("data"), config)).start()
    yield found
    found.close()


def set_password(serving: Serving, person: str, password: str = PASSWORD) -> None:
    serving.run(accounts.set_password(AgentId(person), password))


def invite(serving: Serving, person: str, hours: int = 1) -> str:
    code, job = accounts.invite(AgentId(person), hours)
    serving.run(job)
    return code


def test_password_login_session_and_logout(serving: Serving) -> None:
    set_password(serving, "anna")
    stranger = Http(serving.base)
    found = stranger.ok("POST", "/v1/session", {"login": "anna", "password": PASSWORD})
    assert (found["agent"]["id"], found["protocol"]) == ("anna", PROTOCOL)
    anna = Http(serving.base, found["token"])
    assert anna.ok("GET", "/v1/session")["agent"] == found["agent"]
    anna.ok("DELETE", "/v1/session")
    assert anna.call("GET", "/v1/session").status == 401


@pytest.mark.parametrize(
    ("login", "password"),
    [("bo", "wrong password"), ("nobody", PASSWORD), ("root", ""), ("", ""), ("bo\x00", "x")],
)
def test_wrong_name_or_password_tell_the_same(serving: Serving, login: str, password: str) -> None:
    set_password(serving, "bo")
    body = {"login": login, "password": password}
    answer = Http(serving.base).call("POST", "/v1/session", body)
    assert (answer.status, answer.code) == (401, "unauthorized")
    assert answer.body["error"]["title"] == "账号或密码不对"


def test_a_new_password_ends_every_login(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "CACHE_SECONDS", 0.3)  # for so long a token is remembered
    token = serving.token("bo")
    bo = Http(serving.base, token)
    assert bo.call("GET", "/v1/session").status == 200
    set_password(serving, "bo", "another password")
    until(lambda: bo.call("GET", "/v1/session").status == 401)


def test_a_stream_ends_with_its_login(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "CACHE_SECONDS", 0.2)
    monkeypatch.setattr(feed_api, "RECHECK", 0.3)
    monkeypatch.setattr(feed_api, "HEARTBEAT", 0.3)
    bo = serving.agent("bo")
    with bo.stream(bo.now()) as stream:
        until(lambda: stream.comments >= 3)
        assert not stream.ended
        serving.run(accounts.forget_password(AgentId("bo")))
        until(lambda: stream.ended)


def test_an_invite_works_once(serving: Serving) -> None:
    serving.change(e.AgentSaved(f.agent("new", name="new")))
    code = invite(serving, "new")
    stranger = Http(serving.base)
    short = stranger.call("POST", "/v1/session", {"invite": code, "password": "short"})
    assert short.status == 400
    body = {"invite": code, "password": PASSWORD, "name": "小\x1b新"}
    found = stranger.ok("POST", "/v1/session", body)
    assert Http(serving.base, found["token"]).call("GET", "/v1/session").status == 200
    again = stranger.call("POST", "/v1/session", body)
    assert (again.status, again.code) == (401, "unauthorized")
    assert "邀请码" in again.body["error"]["title"]
    body = {"login": "new", "password": PASSWORD}
    assert stranger.ok("POST", "/v1/session", body)["agent"]["name"] == "小新"


def test_an_invite_expires_and_is_no_password(serving: Serving) -> None:
    code = invite(serving, "anna", hours=0)
    stranger = Http(serving.base)
    late = stranger.call("POST", "/v1/session", {"invite": code, "password": PASSWORD})
    assert late.status == 401
    assert "agent-tui invite" in late.body["error"]["hint"]
    wrong = stranger.call("POST", "/v1/session", {"invite": "nonsense", "password": PASSWORD})
    assert wrong.status == 401
    # Its secret opens nothing else.
    living = invite(serving, "anna")
    assert Http(serving.base, living).call("GET", "/v1/session").status == 401


def test_a_disabled_account_is_out_at_once_and_may_come_back(serving: Serving) -> None:
    set_password(serving, "lo")
    lo = Http(serving.base, serving.token("lo"))
    assert lo.call("GET", "/v1/session").status == 200
    was = next(person for person in PEOPLE if person.id == "lo")
    serving.change(e.AgentSaved(replace(was, disabled=True)))
    until(lambda: lo.call("GET", "/v1/session").status == 401)
    stranger = Http(serving.base)
    body = {"login": "lo", "password": PASSWORD}
    refused = stranger.call("POST", "/v1/session", body)
    assert (refused.status, refused.body["error"]["title"]) == (401, "账号已停用")
    for method, path in (("GET", "/v1/changes"), ("GET", "/v1/snapshot"), ("POST", "/v1/commands")):
        assert lo.call(method, path, {}).status == 401
    serving.change(e.AgentSaved(was))
    assert lo.call("GET", "/v1/session").status == 200  # also where memory is a moment behind
    assert stranger.call("POST", "/v1/session", body).status == 200


def test_no_token_an_odd_one_and_an_expired_one(serving: Serving) -> None:
    assert Http(serving.base).call("GET", "/v1/session").status == 401
    for header in ("Basic x", "Bearer", "bearer nonsense", "x"):
        answer = Http(serving.base, headers={"Authorization": header}).call("GET", "/v1/session")
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    old = serving.token("anna", hours=-1)
    assert Http(serving.base, old).call("GET", "/v1/session").status == 401


def test_errors_speak_the_callers_language(serving: Serving) -> None:
    for language, title in (("en-US", "the request has no token"), ("zh-CN", "请求没有登录令牌")):
        stranger = Http(serving.base, headers={"Accept-Language": language})
        assert stranger.call("GET", "/v1/session").body["error"]["title"] == title


def test_secrets_are_stored_hashed(serving: Serving) -> None:
    set_password(serving, "anna")
    token = serving.token("anna")
    for file in serving.folder.root.glob("server.db*"):
        raw = file.read_bytes()
        assert token.encode() not in raw
        assert PASSWORD.encode() not in raw
    with serving.database.read() as connection:
        tables = schema.metadata.sorted_tables
        rows = [str(tuple(row)) for each in tables for row in connection.execute(select(each))]
    assert any("anna" in row for row in rows)
    assert not [row for row in rows if token in row or PASSWORD in row]
    stored = auth.stored_password(serving.database, AgentId("anna"))
    assert stored is not None and stored.startswith("$argon2id$")


def test_a_trainee_logs_in_and_sees_nothing_live(serving: Serving) -> None:
    serving.visitor().say("你好")
    kid = serving.agent("kid")
    _, events = kid.snapshot()
    kid_row = next(person for person in PEOPLE if person.role is Role.TRAINEE)
    assert [event.body for event in events] == [e.AgentSaved(kid_row)]


def test_an_invite_whose_password_was_not_stored_is_good_again(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"invite": invite(serving, "lo"), "password": PASSWORD}
    stranger = Http(serving.base)

    def away(*given: object) -> None:
        raise ServerError("away")

    with monkeypatch.context() as patch:
        patch.setattr(ChangeWorkspace, "run", away)
        assert stranger.call("POST", "/v1/session", body).status == 503
    assert stranger.ok("POST", "/v1/session", body)["agent"]["id"] == "lo"


class Enough(Exception):
    """The end of a loop that has none."""


def test_tokens_that_expired_are_forgotten_in_time(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(seconds: float) -> None:
        raise Enough

    late, living = serving.token("anna", hours=-1), serving.token("anna")
    monkeypatch.setattr(compaction, "asyncio", SimpleNamespace(sleep=sleep))
    with pytest.raises(Enough):
        asyncio.run(compaction.run(serving.database, 0))
    with serving.database.read() as connection:
        known = set(connection.execute(select(schema.token.c.hash)).scalars())
    assert auth.digest(living) in known and auth.digest(late) not in known


# --- limits --------------------------------------------------------------------------------------


def test_logins_are_limited_by_account_and_by_address(limited: Serving) -> None:
    stranger = Http(limited.base)

    def login(name: str) -> int:
        answer = stranger.call("POST", "/v1/session", {"login": name, "password": "x"})
        if answer.status == 429:
            assert answer.code == "rate_limited"
            assert 1 <= int(answer.headers["retry-after"]) <= 61
        return answer.status

    assert [login("anna") for _ in range(3)] == [401, 401, 429]
    assert login("bo") == 401
    assert login("lee") == 429  # the address has had its four


def test_visitors_are_limited_and_a_load_token_lifts_what_counts_by_address(
    limited: Serving,
) -> None:
    def session(headers: dict[str, str]) -> int:
        return Http(limited.base, headers=headers).call("POST", "/v1/web/web/session", {}).status

    assert [session({}) for _ in range(4)] == [201, 201, 201, 429]
    assert session({"X-Load-Token": "nonsense"}) == 401
    load = {"X-Load-Token": limited.token("load", auth.LOAD)}
    assert [session(load) for _ in range(4)] == [201] * 4
    # Its holder is no agent and no visitor.
    assert Http(limited.base, load["X-Load-Token"]).call("GET", "/v1/session").status == 401

    one, two = limited.visitor(), limited.visitor()

    def say(visitor: Http, headers: dict[str, str], n: int) -> int:
        body = {"id": f"{n}", "text": "x"}
        return (
            Http(limited.base, visitor.token, headers)
            .call("POST", "/v1/web/web/messages", body)
            .status
        )

    assert [say(one, {}, n) for n in range(5)] == [200] * 4 + [429]
    # The address is used up for everybody without the token; each visitor's own limit stays.
    assert say(two, {}, 1) == 429
    assert [say(two, load, n) for n in range(6)] == [200] * 5 + [429]


def test_a_visitors_typing_and_receipts_have_a_limit_of_their_own(limited: Serving) -> None:
    visitor = limited.visitor()

    def hint(name: str) -> int:
        return visitor.call("POST", f"{visitor.path}/{name}", {}).status

    names = ("typing", "receipt", "typing", "receipt", "typing")
    assert [hint(name) for name in names] == [200] * 3 + [429] * 2
    visitor.say("x")
