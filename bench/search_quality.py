"""How well damaged queries find what was meant, beside fzf, frizbee and rapidfuzz.

    python bench/search_quality.py [--entries N] [--queries N] [--seed N] [--titles FILE]
                                   [--show-misses N] [--kinds A,B] [--whole] [--alone] [--json]

Over generated entries, the shipped articles and all titles of FILE (JSON lines with `id` and
`title`), every query is a title, or a run of its words, that was damaged once; about half of the
Chinese ones are made from FILE. A hit is the wanted entry, one of the same title, or a tie: one
with a name that explains the query as well (`searching/damage.py` says when). "same text" is
hit@1 without ties. The others search titles only, and so never meet questions that look alike.
Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from searching.damage import Query
from searching.engines import Engine, Ours, others
from searching.kinds import queries
from searching.reading import is_han, plain
from searching.texts import Title, entry, shipped, titles
from syncing import inputs
from syncing.report import judged

from agent_tui.knowledge.entry import Entry

FIRST, FIVE, KIND = 0.94, 0.98, 0.85


@dataclass
class Score:
    """Queries asked, and how many were found at the first place, and among five."""

    asked: int = 0
    first: int = 0
    five: int = 0
    same: int = 0
    misses: list[tuple[Query, list[str]]] = field(default_factory=list)

    def add(self, query: Query, found: Sequence[Entry]) -> None:
        """Judge what was found for `query`, best first."""
        wanted = plain(query.wanted)
        same = [plain(each.title) == wanted for each in found]
        fits = [
            alike or any(map(query.fits, (each.title, *each.questions, *each.tags)))
            for alike, each in zip(same, found, strict=True)
        ]
        self.asked += 1
        self.same += same[:1] == [True]
        self.first += fits[:1] == [True]
        self.five += any(fits[:5])
        if fits[:1] != [True]:
            self.misses.append((query, [each.title for each in found[:3]]))


def read(path: Path) -> list[tuple[str, Title]]:
    """Key and title of each line; a Chinese title is cut into words of two characters."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    made = []
    for row in rows:
        text = row["title"]
        language = "en" if text.isascii() else "zh"
        words = [text[at : at + 2] for at in range(0, len(text), 2)]
        whole = language == "en" or len(text) % 2 or not is_han(text)
        made.append((f"t{row['id']}", Title(language, (text,) if whole else tuple(words))))
    return made


def main() -> int:
    """Print the table; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--titles", type=inputs.file, metavar="FILE")
    parser.add_argument("--show-misses", type=int, default=0, metavar="N", help="of each kind")
    parser.add_argument("--kinds", default="", help="only kinds that contain one of these")
    parser.add_argument("--whole", action="store_true", help="only short titles, all of each")
    parser.add_argument("--alone", action="store_true", help="without the other programs")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    from_file = read(given.titles) if given.titles else []
    chance = random.Random(given.seed)
    made = shipped()
    made += [entry(key, title, chance) for key, title in from_file]
    generated = list(titles(given.entries - len(made), given.seed))
    made += [entry(f"g{number}", title, chance) for number, title in enumerate(generated)]
    asked = queries(
        [title for _, title in from_file],
        generated,
        given.queries,
        given.seed,
        given.kinds.split(","),
        whole=given.whole,
    )

    engines: list[Engine] = [Ours(made)]
    if not given.alone:
        engines += others(made)
    scores = {engine.name: ask(engine, made, asked) for engine in engines}
    if given.json:
        print(json.dumps({name: table(each) for name, each in scores.items()}, ensure_ascii=False))
    else:
        show(len(made), len(asked), scores)
    for kind, score in scores[Ours.name].items():
        for query, found in score.misses[: given.show_misses]:
            said = f"{kind}: {query.text!r} for {query.wanted!r}, got {found}"
            print(said, file=sys.stderr if given.json else sys.stdout)
    return judge(scores[Ours.name])


def ask(engine: Engine, made: Sequence[Entry], asked: Sequence[Query]) -> dict[str, Score]:
    """Scores by kind, and over all."""
    scores: dict[str, Score] = defaultdict(Score)
    for query in asked:
        found = [made[place] for place in engine.search(query.text, 5)]
        scores[query.kind].add(query, found)
        scores["all"].add(query, found)
    scores["all"].misses.clear()
    return dict(sorted(scores.items(), key=lambda item: (item[0] == "all", item[0] < "f", item[0])))


def table(scores: dict[str, Score]) -> dict[str, dict[str, float]]:
    """Shares, 0 to 1, by kind."""
    return {
        kind: {
            "queries": score.asked,
            "hit@1": score.first / score.asked,
            "hit@5": score.five / score.asked,
            "same text@1": score.same / score.asked,
        }
        for kind, score in scores.items()
    }


def show(entries: int, count: int, scores: dict[str, dict[str, Score]]) -> None:
    """One line a kind: hit@1 and hit@5 in percent, and of the first engine also without ties."""
    print(f"{count} damaged queries over {entries} entries: % found at 1 / among 5")
    print(f"{'':24}{'n':>5}{'same text':>11}" + "".join(f"{name:>16}" for name in scores))
    first = next(iter(scores.values()))
    for kind, score in first.items():
        line = f"{kind:24}{score.asked:>5}{100 * score.same / score.asked:>11.1f}"
        for each in scores.values():
            one = each[kind]
            both = f"{100 * one.first / one.asked:.1f} / {100 * one.five / one.asked:.1f}"
            line += f"{both:>16}"
        print(line)


def judge(scores: dict[str, Score]) -> int:
    """Say which goals are missed; 1 if one is."""
    missed = [
        f"{kind} {score.first / score.asked:.1%} at 1 (goal {KIND:.0%})"
        for kind, score in scores.items()
        if kind != "all" and score.first < KIND * score.asked
    ]
    every = scores["all"]
    if every.first < FIRST * every.asked:
        missed.append(f"all {every.first / every.asked:.1%} at 1 (goal {FIRST:.0%})")
    if every.five < FIVE * every.asked:
        missed.append(f"all {every.five / every.asked:.1%} among 5 (goal {FIVE:.0%})")
    return judged(missed)


if __name__ == "__main__":
    raise SystemExit(main())
