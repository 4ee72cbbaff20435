"""What judges the search must itself be right: queries, ties, and no look at the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(autouse=True)
def bench_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


def test_titles_repeat_for_a_seed_and_hardly_within_it() -> None:
    from searching.texts import titles

    made = list(titles(5000, 3))
    assert made == list(titles(5000, 3)) != list(titles(5000, 4))
    assert len({title.text for title in made}) > 0.99 * len(made)
    assert 0.55 < sum(title.language == "zh" for title in made) / len(made) < 0.65


def test_each_kind_damages_and_is_explained_by_its_title() -> None:
    from searching.damage import LEAST
    from searching.kinds import KINDS, queries
    from searching.texts import titles

    made = queries([], list(titles(3000, 1)), 220, 1)
    assert {query.kind for query in made} == {f"{x} {kind}" for x in KINDS for kind in KINDS[x]}
    for query in made:
        assert len(query.text) >= LEAST[query.kind[:2]]
        assert query.text != query.wanted
        assert query.fits(query.wanted)
        assert not query.fits("宠物寄养须知")


@pytest.mark.parametrize(
    ("kind", "fitting", "other"),
    [
        ("initials", "推货运费", "退货运费由谁承担"),
        ("pinyin", "推货运费", "退货运费表"),
        ("character left out", "退货政策运费", "新版退货政策运费"),
        ("traditional", "退货政策运费", "退货政策运费表"),
    ],
)
def test_tie_must_explain_all_of_a_query_for_a_whole_title(
    kind: str, fitting: str, other: str
) -> None:
    from searching.kinds import queries
    from searching.texts import Title

    title = Title("zh", ("退货运费",) if len(fitting) == 4 else ("退货", "政策", "运费"))
    query = queries([title], [title], 1, 1, [f"zh {kind}"], whole=True)[0]
    if kind in ("initials", "pinyin"):
        assert query.text == ("thyf" if kind == "initials" else "tuihuoyunfei")
    assert query.fits(fitting)
    assert not query.fits(other)


def test_score_tells_ties_from_the_same_text() -> None:
    from search_quality import Score
    from searching.damage import Query

    from agent_tui.knowledge.entry import Entry

    def found(*titles: str) -> list[Entry]:
        return [Entry("article", str(n), title) for n, title in enumerate(titles)]

    score = Score()
    query = Query("zh part", "运费", "退货运费", lambda name: "运费" in name)
    score.add(query, found("换货运费"))
    score.add(query, found("开发票", "退货运费"))
    score.add(query, found(*("开发票",) * 5, "退货运费"))
    score.add(query, [])
    assert (score.asked, score.first, score.same, score.five) == (4, 1, 0, 2)
    assert len(score.misses) == 3


def test_typed_out_queries_grow_by_keys() -> None:
    from searching.keys import typed_out
    from searching.texts import titles

    made = typed_out(list(titles(300, 1)), 20, 400, 1)
    assert len(made) >= 20
    assert sum(map(len, made)) >= 400
    for states in made:
        for before, after in zip(["", *states], states, strict=False):
            assert after.startswith(before)
            assert len(after) - len(before) == 1 or not after[len(before) :].isascii()


def rows(path: Path, *given: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in given), "utf-8")
    return path


def test_canned_never_searches_what_a_query_was_taken_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The scenario is the query's source: with it this would be found, without it not."""
    import search_sets

    def template(number: int, file: str, scenario: str | None) -> dict[str, Any]:
        reply = {"id": number, "file": file, "title": "保养方法", "reply": "请用冷水手洗。"}
        return {**reply, "scenario": scenario, "lang": "zh"}

    templates = rows(tmp_path / "t", template(1, "a", "包裹到哪"), template(2, "b", "包裹到哪"))
    queries = rows(tmp_path / "q", {"query": "包裹到哪", "file": "a", "target_id": 1})
    command = ["search_sets.py", "canned", "--queries", str(queries), "--templates", str(templates)]

    def ours() -> str:
        search_sets.main()
        return next(x for x in capsys.readouterr().out.splitlines() if "agent-tui" in x)

    monkeypatch.setattr("sys.argv", command)
    assert "top-1   0.0%" in ours()
    monkeypatch.setattr("sys.argv", [*command, "--lend"])
    assert "top-1 100.0%" in ours()  # learnt from file b
    rows(tmp_path / "t", template(1, "a", "包裹到哪"), template(2, "b", None))
    assert "top-1   0.0%" in ours()


def test_baselines_rank_by_shared_and_rare_text() -> None:
    from searching.baselines import Bm25, CharacterTfidf

    texts = ["退货运费谁出", "怎么退货", "开发票"]
    assert CharacterTfidf(texts).search("运费", 3) == [0]
    assert CharacterTfidf(texts).search("怎么退", 3)[0] == 1
    documents = ["the card and the fee", "the fee of a transfer abroad", "the card the card"]
    assert Bm25(documents).search("transfer the", 3)[0] == 1
    assert Bm25(documents).search("nothing", 3) == []
