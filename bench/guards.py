"""The send guards on real text: how often a harmless reply is asked about, how long a look takes.

    python bench/guards.py [PATH ...] [--chats N] [--show N] [--json]

PATH is a file of JSON lines (also .gz): canned replies with a `reply` whose `[places]` are filled
in here, or dialogues with `messages`, of which the agent's (`role` "sys") are taken. Without one,
only the generated attempts of `tests/attempts.py` are tried: bad ones that must be asked about,
harmless ones that must not. Each file is cut in two by a checksum of its lines: patterns may be
mended by looking at `dev` (`--show`), `held` is only counted. Names and numbers of other open chats
are drawn from a seed. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import statistics
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from syncing import inputs
from syncing.report import judged

from agent_tui.config import Config
from agent_tui.desk import guards
from agent_tui.desk.guards import Here, Others, Rules, Whose

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests import attempts

MOST_ALARMS, MOST_MS = 0.01, 1.0
SIZE = 500
_PLACE = re.compile(r"\[[^\]\n]{1,60}\]|【[^】\n]{1,30}】|\{[^}\n]{1,40}\}|[Xx]{2,}|_{2,}|＿{2,}")
# Vendors' scripts praise: what holds one of these is not harmless, whoever reads it.
_PRAISE = re.compile(
    r"假一[赔罚]|全网最低|100% ?正品|没有副作用|lowest price ever|最受欢迎|最好吃|最便宜|世界级|"
    r"顶级|保证[^，。！]{0,8}(?:送达|到货|[赔退])|极致|销量第一|绝对正品|终身|"
    r"best .{0,20}(?:ever|on the market)|100% (?:authentic|guarantee)"
)
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"


def texts(path: Path) -> Iterator[str]:
    """What agents say in a file."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if "reply" in row:
                yield _PLACE.sub("3", row["reply"])
            for message in row.get("messages", ()):
                if message.get("role") == "sys" and message["text"].strip():
                    yield message["text"]


def others(chats: int, seed: int = 7) -> Others:
    """So many other open chats."""
    rng = random.Random(seed)
    found = []
    for index in range(chats):
        given = "".join(rng.choices(_GIVEN, k=rng.choice((1, 2))))
        name = rng.choice(_SURNAMES) + given
        if index % 4 == 1:
            name = rng.choice(_SURNAMES) + rng.choice(("先生", "女士"))
        elif index % 4 == 2:
            name = (
                rng.choice(("Tom", "Anna", "Mia", "Lucas")) + " " + rng.choice(("Ba", "Ko")) + "rd"
            )
        numbers = {f"2026{rng.randrange(10**8):08}", f"{rng.randrange(10**13, 10**14)}"}
        found.append(Whose(name, frozenset(numbers)))
    return Others(found)


def alarms(
    replies: Sequence[str], rules: Rules, here: Here, away: Others
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The replies that would be asked about, with what was found."""
    found = []
    for text in replies:
        findings = guards.check(text, rules, here, away)
        if findings:
            found.append((text, [(str(f.kind), text[f.start : f.end]) for f in findings]))
    return found


def looks(replies: Sequence[str], rules: Rules, here: Here, away: Others) -> list[float]:
    """How long each look at 500 characters takes (ms), the best of three."""
    joined = "".join(replies)
    pieces = [joined[at : at + SIZE] for at in range(0, len(joined) - SIZE, SIZE)][:2000]
    taken = []
    for piece in pieces:
        each = []
        for _ in range(3):  # what else the machine does is not the guards' time
            began = time.perf_counter()
            guards.check(piece, rules, here, away)
            each.append((time.perf_counter() - began) * 1000)
        taken.append(min(each))
    return sorted(taken)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="*", type=inputs.file)
    parser.add_argument("--chats", type=int, default=100)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rules = Rules(promises=Config().guards.promises)
    here = Here(Whose("郝女士"), lambda: "")
    away = others(options.chats)
    report: dict[str, object] = {"chats": options.chats}
    goals: list[tuple[str, bool]] = []
    generated = list(attempts.harmless(62, 2000))
    whole = [*generated]
    for path in options.paths:
        replies = sorted(set(texts(path)))
        whole += replies
        for part, keep in (("dev", 0), ("held", 1)):
            half = [each for each in replies if zlib.crc32(each.encode()) % 2 == keep]
            found = alarms(half, rules, here, away)
            kinds = Counter(kind for _, each in found for kind, _ in each)
            name = f"{path.parent.name} {part}"
            wrongly = [each for each in found if not _PRAISE.search(each[0])]
            harmless = sum(not _PRAISE.search(each) for each in half)
            report[name] = {
                "replies": len(half),
                "asked": len(found),
                "kinds": dict(kinds),
                "harmless": harmless,
                "wrongly": len(wrongly),
                "share": round(len(wrongly) / max(1, harmless), 4),
            }
            if part == "dev":
                for text, each in wrongly[: options.show]:
                    print(each, "|", text[:160].replace("\n", " "))
            goals.append((f"{name}: false alarms <= 1 %", len(wrongly) <= MOST_ALARMS * harmless))
    said = Here(
        Whose(attempts.HERE, guards.numbers_of(["202611010007"], [attempts.SAID])),
        lambda: attempts.SAID,
    )
    near = Others(
        Whose(name, guards.numbers_of([number], [])) for name, number in attempts.OTHERS.items()
    )
    asked = alarms(generated, rules, said, near)
    passed = [
        each
        for each in attempts.bad(61, 500)
        if not any(f.kind in each.kinds for f in guards.check(each.text, rules, said, near))
    ]
    report["generated"] = {"bad": 500, "passed": len(passed), "harmless": 2000, "asked": len(asked)}
    goals.append(("generated: no bad attempt passes", not passed))
    goals.append(("generated: asked about <= 1 %", len(asked) <= MOST_ALARMS * len(generated)))
    taken = looks(whole, rules, here, away)
    p99 = taken[int(len(taken) * 0.99)]
    report["ms"] = {"median": round(statistics.median(taken), 3), "p99": round(p99, 3)}
    goals.append((f"a look takes <= {MOST_MS:g} ms at p99", p99 <= MOST_MS))
    if options.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        for name, value in report.items():
            print(f"{name}: {value}")
    return judged([goal for goal, reached in goals if not reached])


if __name__ == "__main__":
    sys.exit(main())
