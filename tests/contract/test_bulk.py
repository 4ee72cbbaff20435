"""Rows written and read in bulk, on both engines."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from agent_tui.server import bulk, schema
from tests.driver import Serving

VALUES = {"agent": "安娜 “A” \\u0000 ' %s ?", "last": 2**52, "at": -1}


def test_what_is_written_comes_back(serving: Serving) -> None:
    rows = [{"id": f"k{n}", **VALUES} for n in range(3)]
    with serving.database.write() as connection:
        bulk.insert(connection, schema.client, rows)
        changed = [{"id": f"k{n}", "last": n, "agent": "李"} for n in (2, 0)]
        bulk.update(connection, schema.client, "id", changed)
        bulk.insert(connection, schema.client, [])
        bulk.update(connection, schema.client, "id", [])
        wanted = {"id": {"k2", "k0", "k9"}, "agent": [str(VALUES["agent"])]}
        found = bulk.select(connection, schema.client, ("id", "last"), wanted, lock="id")
        assert [tuple(row) for row in found] == [("k0", 0), ("k1", 2**52), ("k2", 2)]
        assert bulk.select(connection, schema.client, ("id",), {"id": []}) == []


def test_bytes_and_absent_values(serving: Serving) -> None:
    customers: list[dict[str, Any]] = [
        {"id": "c1", "merged_into": None, "state": bytes(range(256))},
        {"id": "c2", "merged_into": "c1", "state": b""},
    ]
    with serving.database.write() as connection:
        bulk.insert(connection, schema.customer, customers)
        ids = schema.customer.c.id
        query = select(schema.customer).where(ids.in_(["c1", "c2"])).order_by(ids)
        found = connection.execute(query).all()
        names = ("id", "merged_into", "state")
        again = bulk.select(connection, schema.customer, names, {"id": ["c1", "c2"]}, lock="id")
    assert [tuple(each) for each in found] == [tuple(each.values()) for each in customers]
    assert [tuple(each) for each in again] == [tuple(each.values()) for each in customers]


def test_a_key_with_a_nul_is_nobodys(serving: Serving) -> None:
    with serving.database.write() as connection:
        rows = [{"id": name, "agent": "nul", "last": 0, "at": 0} for name in ("k\0", "k")]
        bulk.insert(connection, schema.client, rows)
        query = select(schema.client.c.id).where(schema.client.c.agent == "nul")
        assert set(connection.execute(query).scalars()) == {"k", "k\N{REPLACEMENT CHARACTER}"}
        assert len(bulk.select(connection, schema.client, ("id",), {"id": ["k\0"]})) == 1


def test_errors_are_those_that_the_writer_knows(serving: Serving) -> None:
    row = {"id": "twice", **VALUES}
    with pytest.raises(IntegrityError), serving.database.write() as connection:
        bulk.insert(connection, schema.client, [row, row])
    with serving.database.read() as connection:
        assert bulk.select(connection, schema.client, ("id",), {"id": ["twice"]}) == []
