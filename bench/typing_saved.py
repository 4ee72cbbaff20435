"""Keys saved while replies are written, against typing them: completion, search, macros.

    python bench/typing_saved.py [--every N] [--certain SHARE] [--sentences N] [--seed N]
                                 [--json] PATH...

Each PATH holds JSON lines with `reply` and `lang` (zh or en), and perhaps `title` and `file`.
`bench/writing/agent.py` says how the scripted agent writes: it sees what the engine offers at each
place it can get to, and nothing else. `writing/keys.py` says what counts as a key.

The same replies, by what the index knew before each of them:

first      the shipped articles and macros, and the replies before it in the order of the files:
           every script is new when it is written.
again      as after a first day: every script was written once, to other customers, with other
           values in its brackets; no macro of them.
library    the scripts are the shop's macros, found by ??query among all of them; values are typed.

The goal is judged where the index holds the shop's content: `again` and `library`. Not called
typing.py: a module of that name beside the other benches would hide Python's own.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from syncing import inputs
from syncing.report import judged, percentile
from writing.agent import write
from writing.replies import Reply, read
from writing.shop import Shop

from agent_tui.knowledge.completion import Completer, Text
from agent_tui.knowledge.masking import mask

GOAL = 0.60
SLOWEST_MS = 3.0
ASKED = 4_000  # offers that are timed
_SENTENCES = re.compile(r"[。！？!?\n]+|\. ")
WAYS = {
    "typed": "typed",
    "all": "Tab",
    "word": "→",
    "clause": "Ctrl+→",
    "other": "↓ Tab",
    "search": "??",
}


@dataclass
class Sum:
    """Keys of many replies."""

    replies: int = 0
    by_hand: int = 0
    keys: int = 0
    characters: Counter[str] = field(default_factory=Counter)
    spent: Counter[str] = field(default_factory=Counter)

    @property
    def saved(self) -> float:
        """Of the keys by hand, 0 to 1."""
        return 1 - self.keys / self.by_hand if self.by_hand else 0.0


@dataclass
class Run:
    """One way of knowing, over all replies."""

    sums: dict[str, Sum] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)  # CPU seconds that an offer took
    asked: int = 0
    shown: int = 0
    right: int = 0

    def write(self, shop: Shop, reply: Reply, *, search: bool) -> None:
        """Write one reply."""

        def offers(before: str) -> Sequence[str]:
            began = time.thread_time()
            found = shop.offers(before, reply.language)
            self.times.append(time.thread_time() - began)
            return found

        jump = shop.by_search(reply) if search else None

        def jumps(before: str, after: str) -> Sequence[tuple[str, int, str]]:
            return (jump,) if jump is not None and not before else ()

        done = write(reply.text, offers, jumps)
        for name in (reply.language, "all"):
            total = self.sums.setdefault(name, Sum())
            total.replies += 1
            total.by_hand += done.by_hand
            total.keys += done.keys
            total.characters += done.came
            total.spent += done.ways
        self.asked += done.asked
        self.shown += done.shown
        self.right += done.right


def main() -> int:
    """Write them all, three times; 1 if a goal was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=inputs.file, metavar="PATH")
    parser.add_argument("--every", type=int, default=1, help="write every Nth reply, learn all")
    parser.add_argument("--certain", type=float, default=0.15, help="[completion] certain")
    parser.add_argument("--sentences", type=int, default=50_000, help="known when timing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    replies = list(read(asked.paths, asked.seed))
    past = list(read(asked.paths, asked.seed + 1))
    runs = {
        "first": _over(replies, asked.every, Shop(asked.certain)),
        "again": _over(replies, asked.every, _after(past, Shop(asked.certain))),
        "library": _over(replies, asked.every, Shop(asked.certain, replies), search=True),
    }
    times = [each for run in runs.values() for each in run.times]
    large = _many(asked.paths, asked.sentences, replies, asked.certain)
    slow = percentile(large, 0.99) * 1e3
    if asked.json:
        print(json.dumps({name: _figures(run) for name, run in runs.items()}, ensure_ascii=False))
    else:
        _show(runs, times)
        print(f"{asked.sentences:,} sentences: {_quantiles(large)}")
    missed = [
        f"{name}: {runs[name].sums['all'].saved:.1%} of the keys saved, goal {GOAL:.0%}"
        for name in ("again", "library")
        if runs[name].sums["all"].saved < GOAL
    ]
    if slow > SLOWEST_MS:
        what = f"an offer takes {slow:.1f} ms (p99) with {asked.sentences:,} sentences"
        missed.append(f"{what}, goal {SLOWEST_MS} ms")
    return judged(missed)


def _after(past: Sequence[Reply], shop: Shop) -> Shop:
    for reply in past:
        shop.learn(reply)
    shop.completer = shop.completer.merged()
    return shop


def _over(replies: Sequence[Reply], every: int, shop: Shop, *, search: bool = False) -> Run:
    run = Run()
    for number, reply in enumerate(replies):
        if number % every == 0:
            run.write(shop, reply, search=search)
        shop.learn(reply)
    return run


def _many(
    paths: Sequence[Path], sentences: int, replies: Sequence[Reply], certain: float
) -> list[float]:
    """CPU seconds of offers at drawn places, with so many sentences known: the same scripts, sent
    again and again with other values."""
    shop, known, seed = Shop(certain), 0, 100
    texts: list[Text] = []
    while known < sentences:
        for reply in read(paths, seed):
            texts.append(Text(mask(reply.text), 1.0, reply.language))
            known += len(_SENTENCES.findall(reply.text)) + 1
        seed += 1
    shop.completer = Completer(texts)
    shop.completer.learn(texts[:200])
    draw, times = random.Random(seed), []
    for _ in range(ASKED):
        reply = draw.choice(replies)
        before = reply.text[: draw.randrange(len(reply.text) + 1)]
        began = time.thread_time()
        shop.offers(before, reply.language)
        times.append(time.thread_time() - began)
    return times


def _figures(run: Run) -> dict[str, object]:
    return {
        "sums": {
            name: {
                "replies": each.replies,
                "by_hand": each.by_hand,
                "keys": each.keys,
                "saved": round(each.saved, 4),
                "keys_by_way": dict(each.spent),
                "characters_by_way": dict(each.characters),
            }
            for name, each in run.sums.items()
        },
        "shown": round(run.shown / max(1, run.asked), 3),
        "first_word_right": round(run.right / max(1, run.shown), 3),
    }


def _show(runs: dict[str, Run], times: Sequence[float]) -> None:
    ways = "".join(f"{WAYS[way]:>8}" for way in WAYS)
    head = f"{'index':8} {'':4}{'replies':>8}{'by hand':>9}{'keys':>8}{'saved':>7}"
    print(f"{head}   characters by{ways}")
    for name, run in runs.items():
        for language, each in sorted(run.sums.items(), reverse=True):
            total = max(1, sum(each.characters.values()))
            shares = "".join(f"{each.characters[way] / total:>8.0%}" for way in WAYS)
            figures = f"{each.replies:>8,}{each.by_hand:>9,}{each.keys:>8,}{each.saved:>7.1%}"
            print(f"{name:8} {language:4}{figures}{'':16}{shares}")
        shown, right = run.shown / max(1, run.asked), run.right / max(1, run.shown)
        seen = f"grey text at {shown:.0%} of the places"
        print(f"{'':8} {seen}; its first word was right at {right:.0%}")
    print(f"an offer takes {_quantiles(times)}")


def _quantiles(times: Sequence[float]) -> str:
    p50, p99 = percentile(times, 0.5) * 1e3, percentile(times, 0.99) * 1e3
    return f"{p50:.2f} ms (p50), {p99:.2f} ms (p99) of CPU, {len(times):,} asked"


if __name__ == "__main__":
    sys.exit(main())
