"""Files of a data folder, published as they change: only those, and what they say."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from agent_tui import frontmatter, lang
from agent_tui.domain import events as e
from agent_tui.domain.model import Article
from agent_tui.knowledge import articles
from agent_tui.server import content, log, schema
from agent_tui.server.content import Content, Publish
from agent_tui.server.database import Database
from agent_tui.server.setup import administration
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Writer
from tests import factories as f
from tests.driver import make_folder

WHEN = "delivery/when"


class House:
    """A data folder whose first article and macro are published."""

    def __init__(self, root: Path, database: Database, writer: Writer) -> None:
        self.root = root
        self.database = database
        self.writer = writer
        self.content = self.other()
        self.read: list[str] = []

    def other(self) -> Content:
        """What another replica, or the next start, has in mind of the folder: nothing."""
        from agent_tui.server.setup import DataFolder

        return DataFolder(self.root, self.database.engine.url.render_as_string()).content

    def save(self, name: str, text: str) -> Path:
        """A file of the folder."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def article(self, key: str, body: str, title: str = "标题") -> Path:
        """An article's file."""
        return self.save(f"kb/{key}.md", f"---\ntitle: {title}\n---\n{body}\n")

    def publish(self, by: Content | None = None) -> list[Any]:
        """One pass; the events that it led to."""
        before = self.head()
        for job in (by or self.content).jobs(self.database):
            self.writer.run_now(job)
        with self.database.read() as connection:
            return [row.event() for row in log.after(connection, before, 10_000)]

    def head(self) -> int:
        with self.database.read() as connection:
            found: int = connection.execute(select(schema.workspace.c.head)).scalar_one()
        return found

    def now(self, key: str = WHEN) -> Article | None:
        """What is published under that id."""
        table = schema.content.c
        with self.database.read() as connection:
            raw = connection.execute(
                select(table.body).where(table.kind == "article", table.id == key)
            ).scalar()
        return msgspec.json.decode(raw, type=Article) if raw else None

    def accepted(self, key: str = WHEN, body: str = "改正") -> Article:
        """A lead accepted a suggestion."""
        was = self.now(key)
        article = replace(
            was or f.article(id=key),
            body=body,
            origin="desk",
            file=was.version if was else "",
            version="desk1",
        )
        self.writer.run_now(ChangeWorkspace([e.ArticleSaved(article)]))
        return article


@pytest.fixture(autouse=True)
def only_warnings(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever programs that ran in this process before have set."""
    caplog.set_level(logging.WARNING)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    folder = make_folder(tmp_path)
    with administration(folder) as (database, writer):
        found = House(tmp_path, database, writer)
        assert found.publish() == []
        real = frontmatter.read_text

        def read_text(path: Path) -> str:
            found.read.append(path.relative_to(tmp_path).as_posix())
            return real(path)

        monkeypatch.setattr(frontmatter, "read_text", read_text)
        yield found


def test_only_what_changed_is_read_again(house: House) -> None:
    house.article("a", "一")
    (saved,) = house.publish()
    assert (saved.article.id, saved.article.body) == ("a", "一")
    assert saved.article.revised_at > 0
    assert house.read == ["kb/a.md"]
    assert house.publish() == []
    assert house.read == ["kb/a.md"]


def test_a_file_that_was_only_touched_says_nothing_new(house: House) -> None:
    os.utime(house.root / f"kb/{WHEN}.md", (1, 1))
    assert house.publish() == []
    assert house.read == [f"kb/{WHEN}.md"]


def test_a_start_reads_files_and_parses_only_the_new(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.article("a", "一")
    parsed: list[str] = []
    real = articles.parse

    def parse(key: str, text: str) -> Article:
        parsed.append(key)
        return real(key, text)

    monkeypatch.setattr(articles, "parse", parse)
    assert len(house.publish(house.other())) == 1
    assert parsed == ["a"]


def test_a_removed_file_withdraws_its_article(house: House) -> None:
    (house.root / "macros/greet.md").unlink()
    (house.root / f"kb/{WHEN}.md").unlink()
    assert house.publish() == [e.ArticleRemoved(WHEN), e.MacroRemoved("greet")]
    assert house.publish() == []


def test_what_was_removed_while_nobody_watched(house: House) -> None:
    (house.root / f"kb/{WHEN}.md").unlink()
    assert house.publish(house.other()) == [e.ArticleRemoved(WHEN)]


def test_a_broken_file_stays_published_and_is_told_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    path = house.save(f"kb/{WHEN}.md", "---\ntitle: x\nlang: fr\n---\n")
    house.save("macros/greet.md", "---\ntitle: x\n---\n{{ nothing.there }}\n")
    with caplog.at_level(logging.WARNING):
        assert house.publish() == []
        assert house.publish() == []
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith(f"kb/{WHEN}.md:3: ")
    assert lines[1].startswith("macros/greet.md:4: ")
    assert house.publish(house.other()) == []  # nor does a start withdraw it
    path.write_text("---\ntitle: x\n---\n好了\n", "utf-8")
    (saved,) = house.publish()
    assert saved.article.body == "好了"


def test_a_folder_that_cannot_be_looked_into_takes_nothing_away(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house.article("deep/er/a", "一")
    house.publish()
    real = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).endswith("/deep"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        assert house.publish() == house.publish(house.other()) == []
        assert house.publish() == []
    assert len(caplog.records) == 2  # once by each
    (house.root / "kb").rename(house.root / "elsewhere")
    assert house.publish() == house.publish(house.other()) == []
    (house.root / "elsewhere").rename(house.root / "kb")
    (house.root / "kb/deep/er/a.md").unlink()
    assert house.publish() == [e.ArticleRemoved("deep/er/a")]


def test_what_a_lead_accepted_stays_until_its_file_changes(house: House) -> None:
    house.accepted()
    assert house.publish() == house.publish(house.other()) == []
    house.article(WHEN, "文件里的新说法")
    (saved,) = house.publish()
    assert (saved.article.body, saved.article.origin) == ("文件里的新说法", "file")
    found = house.now()
    assert found is not None and found.body == "文件里的新说法"


def test_a_file_changed_while_nobody_watched_wins_too(house: House) -> None:
    house.accepted()
    house.article(WHEN, "文件里的新说法")
    assert [type(x) for x in house.publish(house.other())] == [e.ArticleSaved]


def test_a_corrected_article_goes_with_its_file(house: House) -> None:
    house.accepted()
    (house.root / f"kb/{WHEN}.md").unlink()
    assert house.publish(house.other()) == [e.ArticleRemoved(WHEN)]


def test_what_never_had_a_file_stays(house: House) -> None:
    made = house.accepted("desk/new")
    assert house.publish() == house.publish(house.other()) == []
    assert house.now("desk/new") == made
    house.article("desk/new", "如今有文件了")
    (saved,) = house.publish()
    assert saved.article.origin == "file"


def test_what_was_made_anew_does_not_go_with_an_old_file(house: House) -> None:
    path = house.article("a", "一")
    house.publish()
    house.writer.run_now(ChangeWorkspace([e.ArticleRemoved("a")]))
    made = house.accepted("a")
    path.unlink()
    assert house.publish() == []
    assert house.now("a") == made


def test_two_replicas_publish_a_version_once(house: House) -> None:
    two = house.other()
    house.publish(two)
    house.article("a", "一")
    house.article("b", "二")
    one = list(house.content.jobs(house.database))
    assert len(house.publish(two)) == 2
    before = house.head()
    for job in one:
        house.writer.run_now(job)
    assert house.head() == before


def test_jobs_of_one_batch_know_of_each_other(house: House) -> None:
    article = f.article(id="a")
    jobs = [Publish("article", [replace(article, version="1")]) for _ in range(2)]
    answers = house.writer._commit([*jobs, Publish("article", gone=["a"])])
    assert answers == [None, None, None]
    assert house.now("a") is None
    with house.database.read() as connection:
        rows = log.after(connection, 0, 100)
    assert [row.kind for row in rows][-2:] == ["article_saved", "article_removed"]


def test_a_pass_that_was_broken_off_is_made_good(house: House) -> None:
    house.article("a", "一")
    assert not house.content.is_due()
    jobs = house.content.jobs(house.database)
    next(jobs)
    jobs.close()  # the database was away
    assert house.content.is_due()
    assert [type(x) for x in house.publish()] == [e.ArticleSaved]
    assert not house.content.is_due()


def test_figures_follow_config_toml_and_a_bad_one_changes_nothing(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.save("config.toml", "[policy]\nfirst_reply = 60\n")
    assert house.content.is_due()
    (saved,) = house.publish()
    assert saved.policy.first_reply == 60
    for bad in ("[policy]\nfirst_replay = 1\n", "[policy", "[policy]\nfirst_reply = 'x'\n"):
        house.save("config.toml", bad)
        assert house.publish() == house.publish() == []
    assert len(caplog.records) == 3
    (house.root / "config.toml").unlink()
    assert house.publish() == []
    house.save("config.toml", "[policy]\nfirst_reply = 61\n")
    assert [x.policy.first_reply for x in house.publish()] == [61]
    assert not house.content.is_due()


def test_a_start_with_a_team_that_is_not_there_tells_its_line(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    rules = '[[rules]]\nname = "a"\nany = ["退款"]\nteam = "refunds"\n'
    house.save("config.toml", f'[routing.teams.nobody]\nassign = "pull"\n\n{rules}')
    house.content = house.other()
    (saved,) = house.publish()
    assert saved.routing.rules[0].team == "refunds"
    first, second = sorted(record.getMessage() for record in caplog.records)
    assert "config.toml:1: routing.teams.nobody: " in first
    assert "config.toml:7: rules[0].team: " in second
    house.writer.run_now(
        ChangeWorkspace([e.TeamSaved(f.team("refunds")), e.TeamSaved(f.team("nobody"))])
    )
    caplog.clear()
    house.save(
        "config.toml",
        f'[routing.teams.nobody]\nassign = "push"\n\n{rules}'.replace("push", "round_robin"),
    )
    assert len(house.publish()) == 1
    assert not caplog.records


@pytest.mark.parametrize(
    ("language", "unknown", "kept"),
    [
        (
            "zh",
            "没有团队 nobody（现有：after-sales、logistics）；建好之前不起作用",
            "；沿用原来的设置",
        ),
        (
            "en",
            "there is no team nobody (there are: after-sales, logistics); "
            "of no effect until it is made",
            "; the settings stay as they were",
        ),
    ],
)
def test_what_is_wrong_with_the_settings_is_told_once_in_one_language(
    house: House, caplog: pytest.LogCaptureFixture, language: lang.Language, unknown: str, kept: str
) -> None:
    lang.use(language)
    file = house.save("config.toml", "[routing.teams.nobody]\n")
    house.content = house.other()
    house.publish()
    house.save("config.toml", "[routing")
    house.publish()
    first, second = (record.getMessage() for record in caplog.records)
    assert first == f"{file}:1: routing.teams.nobody: {unknown}"
    assert second.endswith(kept)


def test_a_change_that_names_a_team_that_is_not_there_is_refused_whole(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.writer.run_now(ChangeWorkspace([e.TeamSaved(f.team("refunds"))]))
    rules = '[[rules]]\nname = "a"\nany = ["退款"]\nteam = "refunds"\n'
    unknown = '[routing.teams.nobody]\nassign = "pull"\n\n'  # with which it starts
    house.save("config.toml", unknown + rules)
    house.content = house.other()
    house.publish()
    caplog.clear()
    file = house.save("config.toml", unknown + rules.replace("refunds", "refundz"))
    assert house.publish() == []
    (told,) = (record.getMessage() for record in caplog.records)
    assert told.startswith(f"{file}:7: rules[0].team: 没有团队 refundz（是不是 refunds？）")
    assert told.endswith("；沿用原来的设置")
    house.save("config.toml", unknown + rules.replace("退款", "退钱"))
    (saved,) = house.publish()
    assert saved.routing.rules[0].any == ("退钱",)


def test_many_files_take_several_transactions(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "AT_ONCE", 3)
    for number in range(8):
        house.article(f"n/{number}", str(number))
    sizes = [job.size for job in house.other().jobs(house.database)]
    assert max(sizes) == 3
    assert len(house.publish()) == 8
    for number in range(8):
        (house.root / f"kb/n/{number}.md").unlink()
    assert len(house.publish()) == 8
