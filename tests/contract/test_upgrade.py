"""A database of the version before is brought up to date with all that it holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from msgspec.structs import replace
from sqlalchemy import insert, select

from agent_tui.domain import events as e
from agent_tui.server import schema
from agent_tui.server.content import Publish
from agent_tui.server.database import MIGRATIONS, Database
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Writer
from tests import factories as f
from tests.databases import of_engine


@pytest.fixture
def database(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """As version 0003 left it: an article and a macro, both from files."""
    with of_engine(engine) as url:
        file = tmp_path_factory.mktemp("old") / "server.db"
        found = Database(url or f"sqlite:///{file}")
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        table = schema.content
        with found.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0003")
            for kind in ("article", "macro"):
                row = {"kind": kind, "id": "a", "version": "v1", "body": b"{}"}
                connection.execute(insert(table).values(row))
        yield found
        found.close()


def test_what_files_say_is_known_to_be_of_files(database: Database) -> None:
    database.migrate()
    writer = Writer(database, lambda rows: None, lambda: f.NOW)
    same = replace(f.article(id="a"), version="v1")
    writer.run_now(Publish("article", [same]))
    writer.run_now(Publish("macro", gone=["a"]))
    writer.run_now(ChangeWorkspace([e.ArticleSaved(replace(same, version="v2"))]))
    with database.read() as connection:
        kinds = connection.execute(select(schema.event.c.kind)).scalars().all()
        rows = connection.execute(select(schema.content.c.kind, schema.content.c.file)).all()
    assert kinds == ["macro_removed", "article_saved"]
    assert [tuple(row) for row in rows] == [("article", "v2")]
