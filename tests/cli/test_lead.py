"""A lead's command line, against a real server."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from agent_tui import bootstrap, paths
from agent_tui.bootstrap import Login
from agent_tui.cli import audit_words, auditing, moving, output
from agent_tui.desk import bulk
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.model import Agent, Priority, Role, Status
from agent_tui.domain.staffing import Availability, Duty
from agent_tui.domain.why import Because, Why
from agent_tui.server.audit_api import KINDS
from agent_tui.server.clock import now_ms
from tests import factories as f
from tests.cli.conftest import Cli
from tests.driver import Serving, chat_key, conversation_of, make_folder, until
from tests.flow.workstation import account

AFTER = TeamId("after-sales")
RULES = """
[routing]
capacity = 3

[[rules]]
name = "refund"
any = ["退款"]
type = "refund"
priority = "high"
"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with a lead (lee), agents of two teams, and Cy, who floats."""
    found = Serving(make_folder(tmp_path_factory.mktemp("data"), RULES)).start()
    cy = Agent(AgentId("cy"), "Cy", Role.AGENT, (TeamId("logistics"),), floating=True)
    found.change(e.AgentSaved(cy))
    yield found
    found.close()


@pytest.fixture
def lee(serving: Serving, cli: Cli) -> Cli:
    """The command line of the lead."""
    log_in(serving, "lee")
    return cli


def log_in(serving: Serving, person: str) -> None:
    profile = paths.default_profile()
    profile.create()
    login = Login(serving.base, serving.token(person), account(person))
    bootstrap.write_login(profile, login)


@pytest.fixture
def annas(serving: Serving) -> list[str]:
    """Three chats of Anna's, and nobody else has any."""
    root = serving.agent("root")
    for key in serving.states():
        root.do(key, c.Assign(team=TeamId("logistics")), c.SetStatus(Status.RESOLVED))
    found: list[str] = [chat_key(serving) for _ in range(3)]
    for each in found:
        root.applied(each, c.Assign(AgentId("anna")))
    return found


def owners(serving: Serving, *keys: str) -> list[str | None]:
    return [serving.state(key).assignee for key in keys]


# --- looking -------------------------------------------------------------------------------------


def test_agents_and_teams(lee: Cli, serving: Serving, annas: list[str]) -> None:
    assert lee("presence", "anna", "online").code == 0
    assert lee("presence", "bo", "away", "--reason", "lunch").code == 0
    found = {each["id"]: each for each in lee("agents", "--json").json()}
    assert set(found) == {"anna", "bo", "lee"}
    anna = found["anna"]
    assert (anna["state"], anna["load"], anna["capacity"], anna["chats"]) == ("online", 3, 3, 3)
    assert anna["longest_wait"] > 0 and anna["late"] == 0 and anna["response"] > 0
    assert (found["bo"]["state"], found["bo"]["reason"]) == ("away", "lunch")
    said = lee("agents").out
    assert re.search(r"anna +Anna +online +3/3 +3 chats +longest \d+s +0 late", said)
    assert "lunch" in said
    key = chat_key(serving)
    (team,) = lee("teams", "--json").json()
    assert (team["id"], team["waiting"], team["online"], team["agents"]) == ("after-sales", 1, 1, 3)
    assert (team["room"], team["surge_until"], team["joined"]) == (0, None, [])
    assert "1 waiting" in lee("teams").out
    serving.agent("root").applied(key, c.Assign(AgentId("bo")))


def test_queue_by_filter(lee: Cli, serving: Serving, annas: list[str]) -> None:
    alone = chat_key(serving, name="赵先生")
    rows = lee("queue", "--where", "team:after-sales -assigned", "--json").json()
    assert [row["id"] for row in rows] == [alone]
    rows = lee("queue", "--where", f"id:{alone[:8]}", "--json").json()
    assert [row["id"] for row in rows] == [alone]
    rows = lee("queue", "--where", "agent:anna", "--json").json()
    assert {row["id"] for row in rows} == set(annas)
    assert lee("queue", "--where", "agent:anna", "--view", "team", "--json").json() == []
    serving.agent("root").applied(annas[0], c.SetStatus(Status.SNOOZED, now_ms() + f.DAY))
    rows = lee("queue", "--where", "status:snoozed", "--json").json()
    assert [row["id"] for row in rows] == [annas[0]]


@pytest.mark.parametrize("command", [("queue",), ("reassign", "--from", "anna", "--yes")])
@pytest.mark.parametrize(
    ("where", "code", "said"),
    [
        ("waiting>5m (tag:vip", 2, "\n           ^\n"),
        ("wating>5m", 2, "did you mean waiting"),
        ("team:after-sale5", 3, "did you mean after-sales?"),
        ("类型:地址", 3, "did you mean 改地址?"),
        ("type:refnd", 3, "did you mean refund?"),
        ("agent:ana", 3, "\nagent:ana\n      ^^^\n  did you mean anna?"),
        ("vip agent:anna,ann,ana", 3, "\n                   ^^^\n"),
        ("vip id:c", 2, "\n       ^\n  give more of it"),
    ],
)
def test_a_filter_that_is_wrong(
    lee: Cli,
    serving: Serving,
    annas: list[str],
    command: tuple[str, ...],
    where: str,
    code: int,
    said: str,
) -> None:
    done = lee(*command, "--where", where)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert owners(serving, *annas) == ["anna"] * 3


# --- moving --------------------------------------------------------------------------------------


def test_assign_many(lee: Cli, serving: Serving, annas: list[str]) -> None:
    done = lee("assign", *annas, "--to", "bo", "--json")
    assert done.code == 0
    assert [(each["conversation"], each["outcome"]) for each in done.json()] == [
        (key, "applied") for key in annas
    ]
    assert owners(serving, *annas) == ["bo"] * 3
    assert lee("assign", "-", "--nobody", stdin="\n".join(annas)).out == "done: 3\n"
    assert owners(serving, *annas) == [None] * 3
    assert lee("assign", *annas[:2], "--to", "me").code == 0
    assert owners(serving, *annas) == ["lee", "lee", None]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--to", "ana"), "did you mean anna?"),
        (("--team", "after-sale"), "did you mean after-sales?"),
        (("c-none", "--to", "bo"), "no conversation c-none"),
    ],
)
def test_assign_nothing_by_halves(
    lee: Cli, serving: Serving, annas: list[str], options: tuple[str, ...], said: str
) -> None:
    done = lee("assign", *annas, *options)
    assert done.code == 3 and said in done.err
    assert owners(serving, *annas) == ["anna"] * 3


def test_reassign(lee: Cli, serving: Serving, annas: list[str]) -> None:
    command = ("reassign", "--from", "anna", "--to", "bo", "--to", "lee", "--spread", "round-robin")
    planned = lee(*command, "--dry-run", "--json").json()
    assert planned["outcome"] == "dry_run"
    assert Counter(move["to"] for move in planned["moves"]) == {"bo": 2, "lee": 1}
    loads = {each["agent"]: (each["before"], each["after"]) for each in planned["loads"]}
    assert loads == {"bo": (0, 2), "lee": (0, 1), "anna": (3, 0)}
    assert owners(serving, *annas) == ["anna"] * 3
    shown = lee(*command, "--dry-run").out
    assert "Bo: 0+ → 2+ of 3 (0 → 2 chats)" in shown and "Anna → Bo" in shown
    done = lee(*command, "--yes", "--json")
    assert (done.code, done.json()["outcome"], done.json()["applied"]) == (0, "applied", 3)
    assert Counter(owners(serving, *annas)) == {"bo": 2, "lee": 1}


def test_a_long_dry_run_is_cut(lee: Cli, annas: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "SHOWN", 2)
    command = ("reassign", "--from", "anna", "--to", "bo", "--dry-run")
    assert "... and 1 more\n" in lee(*command).out
    assert len(lee(*command, "--json").json()["moves"]) == 3


def test_reassign_back_to_the_queue(lee: Cli, serving: Serving, annas: list[str]) -> None:
    serving.agent("root").applied(annas[1], c.Tag("vip"))
    done = lee("reassign", "--from", "anna", "--where", "tag:vip", "--yes")
    assert done.code == 0 and done.out.endswith("done: 1\n")
    assert owners(serving, *annas) == ["anna", None, "anna"]
    assert lee("reassign", "--from", "anna", "--where", "tag:vip", "--yes").err.endswith(
        "no chats to move\n"
    )


def test_reassign_asks(
    lee: Cli, serving: Serving, annas: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = lee("reassign", "--from", "anna", "--to", "bo")
    assert done.code == 1 and "--yes" in done.err
    assert owners(serving, *annas) == ["anna"] * 3
    monkeypatch.setattr(output, "is_tty", lambda: True)
    assert lee("reassign", "--from", "anna", "--to", "bo", stdin="n\n").code == 1
    assert owners(serving, *annas) == ["anna"] * 3
    assert lee("reassign", "--from", "anna", "--to", "bo", stdin="y\n").code == 0
    assert owners(serving, *annas) == ["bo"] * 3


def test_reassign_leaves_what_changed_meanwhile(
    lee: Cli, serving: Serving, annas: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another lead is faster by one chat, after the dry run."""
    plan = bulk.assign

    def planned(*given: Any) -> bulk.DryRun:
        run = plan(*given)
        serving.agent("root").applied(annas[0], c.Assign(AgentId("lee")))
        return run

    monkeypatch.setattr(bulk, "assign", planned)
    done = lee("reassign", "--from", "anna", "--to", "bo", "--yes", "--json")
    assert (done.code, done.json()["outcome"]) == (1, "partly")
    assert (done.json()["applied"], done.json()["skipped"]) == (
        2,
        [{"conversation": annas[0], "why": "changed meanwhile"}],
    )
    assert owners(serving, *annas) == ["lee", "bo", "bo"]
    assert lee("tray", "--json").json() == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "ana"), "did you mean anna?"),
        (("--from", "anna", "--to", "b0"), "did you mean bo?"),
        (("--from", "anna", "--to", "kid"), "no agent kid who can have chats"),
    ],
)
def test_reassign_to_nobody_known(
    lee: Cli, serving: Serving, annas: list[str], options: tuple[str, ...], said: str
) -> None:
    done = lee("reassign", *options, "--yes")
    assert done.code == 3 and said in done.err
    assert owners(serving, *annas) == ["anna"] * 3


def test_offline_it_is_queued(lee: Cli, serving: Serving, annas: list[str]) -> None:
    assert lee("queue", "--view", "all").code == 0
    done = lee("reassign", "--from", "anna", "--to", "bo", "--yes", "--offline", "--json")
    assert (done.code, done.json()["outcome"], done.json()["queued"]) == (69, "queued", 3)
    assert lee("queue").code == 0
    until(lambda: lee("queue").code == 0 and owners(serving, *annas) == ["bo"] * 3)


def test_what_was_queued_and_refused_is_told_later(
    lee: Cli, serving: Serving, annas: list[str]
) -> None:
    assert lee("queue", "--view", "all").code == 0
    assert lee("reassign", "--from", "anna", "--to", "bo", "--yes", "--offline").code == 69
    serving.agent("root").applied(annas[0], c.Assign(AgentId("lee")))
    told: list[str] = []

    def heard() -> bool:
        told.append(lee("queue").err)
        return owners(serving, *annas) == ["lee", "bo", "bo"] and "earlier" in "".join(told)

    until(heard, 30)
    what = re.compile(
        r"earlier \(.+\), assign to Bo: 1 of 3 left as they are: 1 changed meanwhile\n"
    )
    assert len(what.findall("".join(told))) == 1
    assert lee("queue").err == ""
    said = lee("tray").err  # may be asked for again
    assert len(what.findall(said)) == 1 and "the tray is empty" in said


# --- who is at work ------------------------------------------------------------------------------


def test_surge(lee: Cli, serving: Serving) -> None:
    serving.agent("root").ok(
        "POST", "/v1/availability", {"availability": "online", "agent": "cy", "told": True}
    )
    until(lambda: lee("queue").code == 0)
    done = lee("surge", "after-sales", "on", "--minutes", "30", "--factor", "2", "--json").json()
    assert (done["team"], done["on"], done["factor"], done["joined"]) == (
        "after-sales",
        True,
        2,
        ["Cy"],
    )
    (team,) = lee("teams", "--json").json()
    assert (team["surge_until"], team["joined"]) == (done["until"], ["Cy"])
    assert "surge until" in lee("teams").out
    assert lee("surge", "after-sales", "off").out == "the surge in after-sales is over\n"
    assert lee("teams", "--json").json()[0]["surge_until"] is None
    assert "joining: Cy" in lee("surge", "after-sales", "on").out
    assert lee("surge", "after-sales", "off").code == 0


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("surge", "after-sale", "on"), 3, "did you mean after-sales?"),
        (("surge", "logistics", "on"), 1, "not allowed"),
        (("surge", "after-sales", "on", "--minutes", "0"), 2, "minutes"),
        (("surge", "after-sales", "on", "--factor", "0"), 2, "factor"),
        (("surge", "after-sales", "perhaps"), 2, "perhaps"),
        (("presence", "ana", "online"), 3, "did you mean anna?"),
        (("presence", "anna", "onlin"), 3, "did you mean online?"),
        (("presence", "anna"), 3, "presence [AGENT] STATE"),
        (("presence", "lo", "busy"), 1, "not allowed"),
        (("presence", "anna", "bo", "busy"), 2, "one agent at a time"),
        (("agents", "--team", "after-sale"), 3, "did you mean after-sales?"),
    ],
)
def test_bad_words(lee: Cli, command: tuple[str, ...], code: int, said: str) -> None:
    done = lee(*command)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_own_presence(lee: Cli) -> None:
    found = lee("presence", "busy", "--reason", "meeting", "--json").json()
    assert (found["agent"], found["state"], found["reason"]) == ("lee", "busy", "meeting")
    assert lee("presence", "online").out == "lee  online\n"


# --- why, and who --------------------------------------------------------------------------------


def test_why_a_conversation_is_what_it_is(lee: Cli, serving: Serving) -> None:
    visitor = serving.visitor()
    visitor.say("你好")
    visitor.say("我要退款")
    key = conversation_of(serving, visitor)
    found = lee("rules", "explain", key, "--json").json()
    assert (found["type"], found["priority"], found["reason"]) == (
        "refund",
        "high",
        "matched|退款|2|refund",
    )
    said = lee("rules", "explain", key)
    assert "kept on the conversation: matched '退款' in line 2" in said.err
    assert "* refund             matched '退款' in line 2 (rule refund)" in said.out
    assert lee("rules", "explain", "c000000000000").code == 3


def test_audit(
    lee: Cli, serving: Serving, annas: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lee("assign", annas[0], "--to", "bo").code == 0
    (last, *_) = found = lee("audit", "--conversation", annas[0][:8], "--json").json()
    assert (last["by"], last["kind"], last["owner_before"], last["owner_after"]) == (
        "lee",
        "assigned",
        "anna",
        "bo",
    )
    assert last["client"].startswith("k") and found[-1]["kind"] == "conversation_opened"
    said = lee("audit", "--agent", "lee", "--kind", "assigned", "--since", "1h", "--limit", "1").out
    line = rf"lee +assigned +{annas[0]} +anna → bo +team=after-sales +client k\w+ @ 127\.0\.0\.1\n"
    assert re.search(line, said)
    assert lee("surge", "after-sales", "on").code == 0
    said = lee("audit", "--kind", "surge_set", "--limit", "1").out
    assert lee("surge", "after-sales", "off").code == 0
    assert re.search(r"lee +surge +- +team=after-sales until=\d\d-\d\d \d\d:\d\d", said)
    whole = lee("audit", "--limit", "7", "--json").json()
    monkeypatch.setattr(auditing, "PAGE", 3)
    assert lee("audit", "--limit", "7", "--json").json() == whole
    assert len(whole) == 7
    assert "assigned" not in lee("audit", "--since", "0").out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--since", "yesterday"), 2, "no length of time"),
        (("--agent", "ana"), 3, "no agent ana"),
        (("--kind", "assignd"), 3, "no event assignd\n  did you mean assigned?"),
        (("--limit", "0"), 2, "limit"),
    ],
)
def test_audit_of_what_is_not(lee: Cli, options: tuple[str, ...], code: int, said: str) -> None:
    done = lee("audit", *options)
    assert done.code == code and said in done.err


def test_not_for_agents(serving: Serving, cli: Cli) -> None:
    log_in(serving, "anna")
    for command in (("audit",), ("surge", "after-sales", "on"), ("presence", "bo", "busy")):
        done = cli(*command)
        assert done.code == 1 and "not allowed" in done.err


# --- what agents can do --------------------------------------------------------------------------


def test_user_set(cli: Cli, folder: Any) -> None:
    def change(*options: str) -> Any:
        return cli("user", "set", "anna", *options, "--data", str(folder))

    words = ("--skill", "refund", "--skill", "vip", "--language", "en", "--capacity", "6")
    found = change(*words, "--floating", "--json").json()
    assert found["skills"] == ["refund", "vip"] and found["languages"] == ["en"]
    assert (found["capacity"], found["floating"], found["shift"]) == (6, True, "")
    found = change("--skill", "", "--capacity", "default", "--no-floating", "--json").json()
    assert (found["skills"], found["languages"]) == ([], ["en"])
    assert (found["capacity"], found["floating"]) == (None, False)
    for options, code, said in (
        ((), 2, "nothing was said"),
        (("--capacity", "-1"), 2, "cannot be -1"),
        (("--capacity", "nan"), 2, "cannot be nan"),
        (("--capacity", "lots", "--skill", "x"), 2, "cannot be lots"),
        (("--language", "English"), 2, "no language"),
        (("--shift", "nights"), 3, "no calendar nights"),
    ):
        done = change(*options)
        assert (done.code, done.out) == (code, "") and said in done.err
    done = cli("user", "set", "ana", "--skill", "x", "--data", str(folder))
    assert done.code == 3 and "did you mean anna?" in done.err
    assert change("--floating", "--json").json()["skills"] == []  # nothing was done by halves


def test_the_last_capacity(cli: Cli, folder: Any) -> None:
    config = folder / "config.toml"
    config.write_text(config.read_text() + '\n[routing.teams.after-sales]\nassign = "least_loaded"')
    done = cli("user", "set", "anna", "--capacity", "0", "--data", str(folder))
    assert done.code == 2 and "nobody could be given chats of after-sales" in done.err


# --- words and figures ---------------------------------------------------------------------------


def test_the_words_of_the_board(lee: Cli, serving: Serving, annas: list[str]) -> None:
    why = Why(Because.DECLINED, ("bo", "3")).encode()
    serving.change(e.AvailabilitySet(Duty(AgentId("bo"), Availability.AWAY, why)))
    alone = chat_key(serving)
    said = lee("agents").out
    assert "3 chats in a row were not looked at" in said
    assert re.search(r"bo .* away +0\+/3", said) and re.search(r"anna .* 3/3 .*~\d+s", said)
    assert "离开" in lee("agents", lang="zh").out
    found = {each["id"]: each["partial"] for each in lee("agents", "--json").json()}
    assert found == {"anna": False, "bo": True, "lee": False}
    done = lee("assign", alone, "--to", "bo")
    assert done.code == 0 and "Bo is away" in done.err


def test_nothing_moves_without_figures(lee: Cli, annas: list[str]) -> None:
    command = ("reassign", "--from", "bo", "--to", "anna", "--where", "vip", "--dry-run")
    done = lee(*command)
    assert (done.code, done.out) == (0, "")
    assert lee(*command, "--json").json()["loads"] == []


def test_what_nobody_has_is_spread(lee: Cli, serving: Serving, annas: list[str]) -> None:
    alone = chat_key(serving, "我要退款")
    serving.agent("root").applied(alone, c.Release())
    command = ("reassign", "--from", "none", "--where", "type:refund")
    assert lee(*command, "--yes").code == 2
    assert f"{alone}  queue → Lee\n" in lee(*command, "--to", "lee", "--dry-run").out
    done = lee(*command, "--to", "lee", "--yes", "--json").json()
    assert (done["outcome"], done["moves"]) == (
        "applied",
        [{"conversation": alone, "owner": None, "to": "lee"}],
    )
    assert owners(serving, *annas) == ["anna"] * 3


def test_a_beginning_that_fits_several_says_so(lee: Cli) -> None:
    done = lee("agents", "--team", "after-sale")
    assert "did you mean after-sales?" in done.err
    done = lee("presence", "l", "busy")
    assert done.code == 3 and "it may be one of lee, lo" in done.err


@pytest.fixture
def named(serving: Serving) -> Iterator[None]:
    """Anna is shown as 张伟; Bo and one more are called the same."""
    after = (AFTER,)
    zhang, wei = AgentId("anna"), AgentId("wei")
    twins = [Agent(wei, "王芳", Role.AGENT, after), Agent(AgentId("bo"), "王芳", Role.AGENT, after)]
    serving.change(e.AgentSaved(Agent(zhang, "张伟", Role.AGENT, after)), *map(e.AgentSaved, twins))
    yield
    bo, anna = (
        Agent(AgentId("bo"), "Bo", Role.AGENT, after),
        Agent(zhang, "Anna", Role.AGENT, after),
    )
    gone = replace(twins[0], disabled=True)
    serving.change(*map(e.AgentSaved, (anna, bo, gone)))


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("team", ["售后", "After-sales", "AFTER-SALES", "after-sales"])
def test_a_team_is_known_by_its_names(lee: Cli, serving: Serving, team: str) -> None:
    assert {each["id"] for each in lee("agents", "--team", team, "--json").json()} >= {"anna", "bo"}
    assert lee("surge", team, "off", "--json").json()["team"] == "after-sales"
    key = chat_key(serving)
    assert lee("assign", key, "--team", team).code == 0
    serving.agent("root").applied(key, c.SetStatus(Status.RESOLVED))


@pytest.mark.usefixtures("named")
def test_an_agent_is_known_by_the_name_that_is_shown(
    lee: Cli, serving: Serving, annas: list[str]
) -> None:
    assert lee("presence", "张伟", "away", "--json").json()["agent"] == "anna"
    assert lee("reassign", "--from", "张伟", "--to", "lee", "--yes").code == 0
    assert owners(serving, *annas) == ["lee"] * 3
    assert lee("assign", *annas, "--to", "张伟").code == 0
    assert owners(serving, *annas) == ["anna"] * 3
    assert lee("assign", *annas, "--to", "我").code == 0
    assert owners(serving, *annas) == ["lee"] * 3
    serving.agent("anna").applied(annas[0], c.SetPriority(Priority.LOW))
    assert {each["by"] for each in lee("audit", "--agent", "张伟", "--json").json()} == {"anna"}


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    "command",
    [
        ("presence", "王芳", "away"),
        ("reassign", "--from", "anna", "--to", "王芳", "--yes"),
        ("audit", "--agent", "王芳"),
    ],
)
def test_a_name_that_several_have_is_nobodys(
    lee: Cli, serving: Serving, annas: list[str], command: tuple[str, ...]
) -> None:
    done = lee(*command)
    assert done.code == 2 and "more than one agent is called 王芳: bo wei" in done.err
    assert owners(serving, *annas) == ["anna"] * 3
    assert lee("presence", "bo", "online").code == 0  # an id is one


@pytest.mark.usefixtures("named")
def test_the_nearest_name_is_said_in_the_script_it_was_typed_in(lee: Cli) -> None:
    assert "did you mean 张伟?" in lee("presence", "张为", "away").err
    assert "there are: after-sales" in lee("agents", "--team", "财务").err


def test_every_event_has_words() -> None:
    assert KINDS - audit_words.KINDS.keys() == set()


def test_audit_in_words(lee: Cli, serving: Serving, annas: list[str]) -> None:
    why = Why(Because.DECLINED, ("bo", "3")).encode()
    serving.change(e.AvailabilitySet(Duty(AgentId("bo"), Availability.AWAY, why)))
    said = lee("audit", "--kind", "availability_set", "--limit", "1").out
    assert "3 chats in a row were not looked at" in said and "|" not in said
    lee("queue")
    for name, code in (("c-none", 3), ("c", 2)):
        done = lee("audit", "--conversation", name)
        assert (done.code, done.out) == (code, "")


def test_a_short_beginning_is_a_conversation_too(lee: Cli, annas: list[str]) -> None:
    lee("queue")
    begin, key = next(  # with a digit, or it may be a word
        (key[:size], key)
        for key in annas
        for size in (5, 6)
        if any(map(str.isdecimal, key[1:size]))
    )
    whole = lee("rules", "explain", key, "--json")
    assert lee("rules", "explain", begin, "--json").out == whole.out
    assert lee("rules", "explain", "c0de", "--json").code == 3
    assert lee("rules", "explain", "cafe", "--json").code == 0


def test_who_is_not_in_the_chats_team_is_named(
    lee: Cli, serving: Serving, annas: list[str]
) -> None:
    other = Agent(AgentId("log"), "Log", Role.AGENT, (TeamId("logistics"),))
    serving.change(e.AgentSaved(other), e.AvailabilitySet(Duty(other.id, Availability.ONLINE)))
    done = lee("reassign", "--from", "anna", "--to", "log", "--dry-run")
    assert "Log is not in After-sales" in done.err
    assert "Log is not in After-sales" in lee("assign", annas[0], "--to", "log").err
    done = lee("assign", annas[1], "--to", "log", "--team", "logistics")
    assert done.code == 0 and "is not in" not in done.err
    assert owners(serving, *annas) == ["log", "log", "anna"]
