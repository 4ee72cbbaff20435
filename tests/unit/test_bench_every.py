"""`make bench` runs everything, and says at the end what was missed."""

from __future__ import annotations

from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def bench(folder: Path, name: str, *lines: str) -> None:
    (folder / f"{name}.py").write_text("\n".join(("import sys", *lines)))


def test_a_missed_goal_does_not_keep_the_others_from_running(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    import every

    bench(tmp_path, "one", "sys.exit('missed: p99 <= 10 ms')")
    bench(tmp_path, "two", "raise SystemExit(3)")
    bench(tmp_path, "three", "print('fine')")
    assert every.main(["one", "two", "three"], tmp_path) == 1
    said = capfd.readouterr()
    assert "fine" in said.out
    told = said.out.partition("== missed\n")[2].splitlines()
    assert told == ["  one: p99 <= 10 ms", "  two: it ended with code 3"]
    assert "missed: p99 <= 10 ms" in said.err  # and while it runs
    assert every.main(["three"], tmp_path) == 0


def test_it_runs_every_bench_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    import every

    by_hand = {"every", "replay_check", "search_sets", "typing_saved"}
    assert {path.stem for path in BENCH.glob("*.py")} - by_hand == set(every.NAMES)
