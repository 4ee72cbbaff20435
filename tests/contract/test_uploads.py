"""Pictures and files: taken once, within limits, and harmless whatever they are."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from agent_tui.desk import guards
from agent_tui.desk.guards import Here, Others, Rules, Whose
from agent_tui.server import audit, copying, schema, uploads
from agent_tui.server.uploads import Full
from agent_tui.tui import targets
from tests.databases import of_engine
from tests.driver import Answer, Http, Serving, Visitor, make_folder

table = schema.upload.c
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def sends(who: Visitor, body: bytes, name: str = "杯子.png", id: str = "one") -> Answer:
    return who.call("POST", f"{who.path}/files", raw=body, id=id, name=name)


def fetched(answer: Answer) -> httpx.Response:
    return httpx.get(answer.body["address"], trust_env=False)


def test_a_picture_is_shown_and_its_address_says_what_it_is(serving: Serving) -> None:
    answer = sends(serving.visitor(), PNG)
    assert answer.body["address"].startswith(f"{serving.base}/files/")
    assert answer.body["address"].endswith("/%E6%9D%AF%E5%AD%90.png")
    assert (answer.body["media"], answer.body["size"]) == ("image/png", len(PNG))
    found = fetched(answer)
    assert found.content == PNG and found.headers["content-type"] == "image/png"
    assert found.headers["content-disposition"].startswith("inline; filename*=UTF-8''%E6")
    again = httpx.get(found.url, headers={"If-None-Match": found.headers["etag"]}, trust_env=False)
    assert (again.status_code, again.content) == (304, b"")
    assert httpx.head(found.url, trust_env=False).headers["content-length"] == str(len(PNG))


@pytest.mark.parametrize("body", [SVG, b"<html><script>alert(1)</script>", b"%PDF-1.7", b"MZ"])
def test_what_is_no_picture_is_saved_and_never_run(serving: Serving, body: bytes) -> None:
    answer = sends(serving.visitor(), body, name="../../x.png")
    assert answer.body["name"] == "x.png.bin"
    found = fetched(answer)
    assert found.headers["content-type"] == "application/octet-stream"
    assert found.headers["content-disposition"].startswith("attachment")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in found.headers["content-security-policy"]
    assert "set-cookie" not in found.headers


def test_the_same_id_is_taken_once_also_at_the_same_time(serving: Serving) -> None:
    visitor = serving.visitor()
    found: list[str] = []

    def send() -> None:
        mine = Http(serving.base, visitor.token)
        answer = mine.call("POST", f"{visitor.path}/files", raw=PNG, id="once", name="a.png")
        found.append(answer.body["address"] if answer.status == 200 else str(answer.body))

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert sends(visitor, b"another", id="once").body["address"] == found[0]
    assert sends(serving.visitor(), PNG, id="once").body["address"] != found[0]


def test_who_sends_too_much_is_told_in_both_languages(serving: Serving) -> None:
    visitor = serving.visitor()
    large = sends(visitor, PNG + bytes(5 * 1024 * 1024))
    assert (large.status, large.body["error"]["title"]) == (413, "文件超过 5 MB")

    def stream() -> object:
        for _ in range(100):
            yield bytes(100_000)

    told = httpx.post(
        f"{serving.base}{visitor.path}/files?id=x",
        content=stream(),  # type: ignore[arg-type]
        headers={"Authorization": f"Bearer {visitor.token}", "Accept-Language": "en"},
        trust_env=False,
    )
    assert told.json()["error"]["title"] == "the file is over 5 MB"
    assert sends(visitor, b"").status == 400
    for number in range(30):
        answer = sends(visitor, PNG, id=str(number))
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert sends(visitor, PNG, id="0").status == 200  # a repeat is no further file


def test_only_who_is_known_may_send(serving: Serving) -> None:
    nobody = Http(serving.base, "nonsense")
    for path in ("/v1/files", "/v1/web/web/files"):
        assert nobody.call("POST", path, raw=PNG, id="x", name="x").status == 401
    visitor = serving.visitor()
    assert visitor.call("POST", "/v1/files", raw=PNG, id="x", name="x").status == 401
    assert serving.agent().call("POST", "/v1/files", raw=PNG, id="x", name="x").status == 200
    assert visitor.call("GET", f"/files/{'b' * 32}/x.png").status == 404


def test_the_public_address_is_what_the_settings_say(
    serving: Serving, engine: str, tmp_path: Path
) -> None:
    config = '[server]\npublic = "https://help.example.com/"\n[files]\nfile_bytes = 10\n'
    with of_engine(engine) as url:
        shop = Serving(make_folder(tmp_path, config, database=url)).start()
        try:
            visitor = shop.visitor()
            answer = sends(visitor, b"PK\3\4")
            assert answer.body["address"].startswith("https://help.example.com/files/")
            assert sends(visitor, b"elevenbytes", id="two").status == 413
            assert Http(shop.base).ok("GET", "/v1/web/web")["file_bytes"] == 10
        finally:
            shop.close()


def test_old_ones_go_and_copies_carry_the_rest(
    serving: Serving, engine: str, tmp_path: Path
) -> None:
    with of_engine(engine) as url:
        shop = Serving(make_folder(tmp_path / "data", database=url))
        database = shop.database
        large = bytes(range(256)) * 2_000
        for at in range(30):
            uploads.save(database, "visitor:v", str(at), "a", large, at=at, most=0)
        assert [uploads.purge(database, 25) for _ in range(3)] == [20, 5, 0]
        last = uploads.find(database, "visitor:v", "29")
        assert last is not None
        with pytest.raises(Full):
            uploads.save(database, "visitor:v", "x", "a", large, at=0, most=6 * len(large) - 1)
        backup = tmp_path / "backup.db"
        copying.backup(database, backup, lambda *told: None)
        copying.restore(backup, database, lambda *told: None, replace=True)
        assert uploads.find(database, "visitor:v", "29") == last
        half = uploads.part(database, last.id, 0)
        assert half + uploads.part(database, last.id, len(half)) == large
        assert audit.check(database).findings == ()
        with database.write() as connection:
            connection.execute(
                update(schema.upload).values(body=b"bits").where(table.id == last.id)
            )
        assert [each.place for each in audit.check(database).findings] == [f"upload {last.id}"]
        shop.close()


def test_no_id_is_a_telephone_number_or_says_anything() -> None:
    here = Here(Whose("王女士", frozenset()), lambda: "")
    for _ in range(1000):
        text = f"https://help.example.com/files/{uploads.new_id()}/cup.png"
        assert targets.targets(text)[0].kept
        assert guards.check(text, Rules(), here, Others(iter(()))) == []
