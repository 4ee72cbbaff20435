"""Recorded customers: reading the file, playing it, and keeping count of everything."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import runpy
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_tui.errors import NotFound, Unauthorized, UsageError
from agent_tui.practice import recordings, replay
from agent_tui.practice.recordings import BrokenLine, Recording
from agent_tui.practice.replay import Pace, Player, Tally
from tests.cli.conftest import Cli, Server, environment

ROOT = Path(__file__).parents[2]
# What people and machines have sent: an escape sequence, a clipboard write, C1, bidi, zero width,
# too many marks, markup, half a character, line ends of every kind.
HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x9b2J\x85next",
    "abc\u202edcba\u2069",
    "zero\u200bwidth\ufeff",
    "e" + "\u0301" * 40,
    "[/b] [red]not markup[/red]",
    "half \ud83d of it",
    "one\r\ntwo\u2028three\vfour",
    "👩\u200d👩\u200d👧 नमस्ते שלום",
)


def lines(path: Path, *values: object) -> Path:
    """A JSONL file; text stands for itself, anything else is written as JSON."""
    texts = (value if isinstance(value, str) else json.dumps(value) for value in values)
    path.write_text("\n".join(texts) + "\n")
    return path


def talk(name: str, *turns: str) -> dict[str, object]:
    """A line of the first form, with the shop's side in between."""
    messages = []
    for turn in turns:
        messages += [{"role": "usr", "text": turn}, {"role": "sys", "text": "好的"}]
    return {"id": name, "messages": messages}


# --- the file ------------------------------------------------------------------------------------


def test_both_forms_packed_and_plain(tmp_path: Path) -> None:
    second = {"id": 7, "customer_turns": [{"text": "hi", "turn": 0}, {"text": " ", "turn": 2}]}
    plain = lines(tmp_path / "a.jsonl", talk("a", "一", "一"), "", second)
    packed = tmp_path / "a.any-name"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed):
        assert list(recordings.read(path)) == [
            Recording(1, "a", ("一", "一")),
            Recording(3, "7", ("hi", " ")),
        ]
    assert [each.language for each in recordings.read(plain) if isinstance(each, Recording)] == [
        "zh",
        "en",
    ]


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        "3",
        "[" * 100_000,
        '{"id": "x"}',
        '{"messages": "hello"}',
        '{"messages": [{"text": "no role"}]}',
        '{"messages": [{"role": "usr"}]}',
        '{"messages": [{"role": "usr", "text": 3}]}',
        '{"customer_turns": [null]}',
    ],
)
def test_broken_lines(tmp_path: Path, broken: str) -> None:
    path = lines(tmp_path / "x.jsonl", talk("a", "1"), broken, talk("b", "2"))
    first, second, third = recordings.read(path)
    assert isinstance(second, BrokenLine) and second.line == 2
    assert isinstance(first, Recording) and isinstance(third, Recording)


def test_bytes_that_are_no_text_and_a_torn_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"messages": [{"role": "usr", "text": "\xff"}]}\n')
    assert [type(each) for each in recordings.read(path)] == [BrokenLine]
    rng = random.Random(1)
    many = (json.dumps(talk(str(n), str(rng.random()))) for n in range(500))
    path.write_bytes(gzip.compress("\n".join(many).encode())[:-2000])
    *good, last = recordings.read(path)
    assert good and all(isinstance(each, Recording) for each in good)
    assert isinstance(last, BrokenLine)


def test_no_file_and_nothing_usable(cli: Cli, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        list(recordings.read(tmp_path / "none"))
    path = lines(tmp_path / "x.jsonl", "{", talk("mute", "", " \u200b"), {"messages": []})
    done = cli("replay", str(path), "--to", "http://127.0.0.1:1")
    assert done.code == 2
    assert f"{path}:1: not JSON" in done.err and "no usable conversation" in done.err


# --- playing, on a wire that misbehaves ----------------------------------------------------------


class Shop:
    """The web channel's answers, with trouble in front of them."""

    def __init__(self, *trouble: int | type[Exception]) -> None:
        self.trouble = list(trouble)
        self.taken: dict[tuple[str, str], str] = {}
        self.asked = 0
        self.lose_answers = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/session"):
            return httpx.Response(201, json={"visitor": f"v{self.asked}", "customer": "c"})
        self.asked += 1
        body = json.loads(request.content)
        if self.trouble:
            trouble = self.trouble.pop(0)
            if isinstance(trouble, int):
                return httpx.Response(trouble, headers={"Retry-After": "0"})
            if self.lose_answers:
                self._take(request, body)
            raise trouble("on purpose")
        self._take(request, body)
        return httpx.Response(200, json={"id": body["id"], "seq": 1, "at": 1})

    def _take(self, request: httpx.Request, body: dict[str, Any]) -> None:
        known = self.taken.setdefault((request.headers["Authorization"], body["id"]), body["text"])
        assert known == body["text"]


def play(
    shop: Callable[[httpx.Request], httpx.Response], *turns: str, load_token: str = ""
) -> Tally:
    """One customer at `shop`, without waiting between attempts."""
    tally = Tally()

    class NoWait(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return 0.0

    async def run() -> None:
        transport = httpx.MockTransport(shop)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
            player = Player(http, "web", tally, pace=Pace(0), load_token=load_token, rng=NoWait())
            await player.play(Recording(1, "a", turns))

    asyncio.run(run())
    assert tally.acknowledged + tally.skipped_empty + tally.failed == len(turns)
    assert tally.acknowledged == len(tally.waits)
    return tally


def test_order_and_ids(tmp_path: Path) -> None:
    shop = Shop()
    tally = play(shop, "一", "", "一", "\u200b\t", "二")
    assert (tally.acknowledged, tally.skipped_empty, tally.failed) == (3, 2, 0)
    assert list(shop.taken.values()) == ["一", "一", "二"]
    assert len(shop.taken) == 3  # equal turns have ids of their own


@pytest.mark.parametrize(
    "trouble",
    [
        [httpx.ConnectError] * 5,
        [httpx.ReadTimeout, 503, 500, httpx.RemoteProtocolError],
        [429] * 3,
    ],
)
def test_trouble_that_passes(trouble: list[int | type[Exception]]) -> None:
    shop = Shop(*trouble)
    shop.lose_answers = 1
    assert play(shop, "一", "二").acknowledged == 2
    assert list(shop.taken.values()) == ["一", "二"]
    assert shop.asked == 2 + len(trouble)


def test_trouble_that_stays_loses_no_count() -> None:
    shop = Shop(*[httpx.ConnectError] * 1000)
    tally = play(shop, "一", "", "二", "三")
    assert (tally.acknowledged, tally.skipped_empty, tally.failed) == (0, 1, 3)
    assert shop.asked == replay.ATTEMPTS  # what follows a lost turn is not even tried
    assert "on purpose" in tally.trouble


def test_a_refused_turn_does_not_stop_the_others() -> None:
    shop = Shop(413)
    tally = play(shop, "too long", "二")
    assert (tally.acknowledged, tally.failed) == (1, 1)
    assert list(shop.taken.values()) == ["二"]


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (404, NotFound)])
def test_what_ends_the_whole_replay(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        play(Shop(status), "一", load_token="made-up")


def test_a_visitor_that_the_server_forgot() -> None:
    tally = play(Shop(401), "一", "二")
    assert (tally.acknowledged, tally.failed) == (0, 2)


def test_pace() -> None:
    async def three() -> float:
        loop = asyncio.get_running_loop()
        pace, started = Pace(50), loop.time()
        await asyncio.gather(*(pace.turn() for _ in range(4)))
        return loop.time() - started

    assert 0.055 <= asyncio.run(three()) < 0.5


# --- against a real server -----------------------------------------------------------------------


def token(cli: Cli, server: Server) -> str:
    return str(cli("load-token", "--data", str(server.data), "--json").json()["token"])


def test_broken_lines_are_named_and_the_rest_goes_on(
    cli: Cli, server: Server, tmp_path: Path
) -> None:
    path = lines(tmp_path / "x.jsonl", talk("r1", "hello", " "), "{ broken", talk("r2", "hello"))
    done = cli("replay", str(path), "--to", server.url, "--json")
    assert done.code == 1
    assert f"{path}:2: not JSON" in done.err
    played = done.json()
    assert {name: played[name] for name in ("conversations", "turns", "acknowledged")} == {
        "conversations": 2,
        "turns": 3,
        "acknowledged": 2,
    }
    assert (played["skipped_empty"], played["failed"], played["broken_lines"]) == (1, 0, 1)
    assert played["p50_ms"] > 0 and played["p99_ms"] >= played["p50_ms"]


def test_limit_and_text(cli: Cli, server: Server, tmp_path: Path) -> None:
    path = lines(tmp_path / "x.jsonl", *(talk(f"n{n}", "hello") for n in range(5)))
    where = ("--to", server.url, "--conversations", "2", "--load-token", token(cli, server))
    done = cli("replay", str(path), *where)
    assert done.code == 0
    assert "2 conversations, 2 turns: 2 acknowledged" in done.out


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--load-token", "made-up"), 77, "agent-tui load-token"),
        (("--inbox", "nowhere"), 3, "--inbox"),
        (("--concurrency", "0"), 2, "concurrency"),
    ],
)
def test_refusals(
    cli: Cli, server: Server, tmp_path: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    path = lines(tmp_path / "x.jsonl", talk("a", "hello"))
    done = cli("replay", str(path), "--to", server.url, *options)
    assert done.code == code and words in done.err


def test_no_server(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "ATTEMPTS", 2)
    path = lines(tmp_path / "x.jsonl", talk("a", "hello"))
    done = cli("replay", str(path), "--to", "http://127.0.0.1:1")
    assert done.code == 69 and "--to" in done.err


def recorded(rng: random.Random, count: int) -> Sequence[dict[str, object]]:
    """Conversations with empty turns, equal neighbours, hostile characters and equal names."""
    words = ("退货", "refund", "运费", "size M", "谢谢", "?", *HOSTILE)
    found: list[dict[str, object]] = []
    for number in range(count):
        turns = [
            " ".join(rng.choices(words, k=rng.randint(1, 4))) for _ in range(rng.randint(1, 8))
        ]
        at = rng.randrange(len(turns))
        turns[at:at] = [turns[at]] * rng.randint(0, 2) + ["", "\u200b \n"] * rng.randint(0, 1)
        name = f"same {HOSTILE[number % 10]}" if number % 5 == 0 else f"c{number}"
        line: dict[str, object] = {"id": name, "customer_turns": [{"text": turn} for turn in turns]}
        found.append(talk(name, *turns) if number % 2 else line)
    return found


def test_every_transcript_is_the_file(tmp_path: Path) -> None:
    """The check of bench/replay_check.py, all its processes included, on 50 conversations."""
    path = lines(tmp_path / "recorded.jsonl", *recorded(random.Random(8), 50))
    done = subprocess.run(
        [sys.executable, "bench/replay_check.py", str(path), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["conversations"] == figures["open"] == 50
    assert figures["skipped_empty"] > 0 and figures["failed"] == 0
    assert figures["differences"] == 0


def test_the_check_sees_what_is_wrong() -> None:
    check = runpy.run_path(str(ROOT / "bench" / "replay_check.py"))["compare"]
    said = ("一", "一")
    expected = Counter({("a", said): 1})
    played = {"acknowledged": 2, "failed": 0}
    queue = [{"id": "c1", "status": "open"}]
    card = {"id": "c1", "messages": [{"text": "一"}, {"text": "一"}]}
    assert check(expected, played, queue, {"c1": ("a", said)}, [card]) == []
    wrong = [
        (played | {"acknowledged": 1}, queue, {"c1": ("a", said)}, []),
        (played | {"failed": 1}, queue, {"c1": ("a", said)}, []),
        (played, [], {"c1": ("a", said)}, []),
        (played, [{"id": "c1", "status": "resolved"}], {"c1": ("a", said)}, []),
        (played, queue, {"c1": ("a", ("一",))}, []),
        (played, queue, {"c1": ("b", said)}, []),
        (played, queue, {"c1": ("a", said), "c2": ("a", said)}, []),
        (played, queue, {"c1": ("a", said)}, [{"id": "c1", "messages": []}]),
    ]
    assert all(check(expected, *each) for each in wrong)
