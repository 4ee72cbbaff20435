"""Many rows in one statement, the same call on both engines.

SQLite takes tuples; PostgreSQL takes all rows as one JSON document, which costs this process a
fraction of binding values row by row. Neither goes through SQLAlchemy's compiler: at a thousand
rows a second that would cost more than the database does.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    Table,
)
from sqlalchemy.exc import DBAPIError

from agent_tui.server.schema import Key

Rows = Sequence[Mapping[str, Any]]
Wanted = Mapping[str, Iterable[str]]


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Send the statements within without waiting for each one's answer (PostgreSQL's pipeline).
    None of them may be read from. Errors come at the end, as SQLAlchemy's."""
    if not _is_json(connection):
        yield
        return
    driver: Any = connection.connection.driver_connection
    dialect = connection.dialect
    assert dialect.loaded_dbapi is not None
    failure = dialect.loaded_dbapi.Error
    try:
        with driver.pipeline():
            yield
    except failure as error:
        raise DBAPIError.instance(None, None, error, failure, dialect=dialect) from error


def insert(connection: Connection, table: Table, rows: Rows) -> None:
    """Add `rows`, which all have the same columns."""
    if rows:
        names = tuple(rows[0])
        _run(connection, table, _insert(table, names, _is_json(connection)), names, rows)


def upsert(
    connection: Connection, table: Table, keys: tuple[str, ...], rows: Rows, *, add: bool = False
) -> None:
    """Add `rows`; where one with these `keys` is there, its other columns are set to the new
    values, or with `add` grow by them. No two of `rows` may have the same keys."""
    if rows:
        names = tuple(rows[0])
        statement = _insert(table, names, _is_json(connection)) + _merge(table, names, keys, add)
        _run(connection, table, statement, names, rows)


def update(connection: Connection, table: Table, key: str, rows: Rows) -> None:
    """Set the other columns of the rows whose column `key` has these values."""
    if rows:
        names = (*(name for name in rows[0] if name != key), key)
        _run(connection, table, _update(table, names, _is_json(connection)), names, rows)


def select(
    connection: Connection, table: Table, names: tuple[str, ...], wanted: Wanted, lock: str = ""
) -> Sequence[Any]:
    """Columns `names` of the rows where any column of `wanted` has one of the values given for it.

    With `lock`, a column, the rows are locked in its order on PostgreSQL; on SQLite a write
    transaction is alone anyway.
    """
    given = [(name, _keys(connection, table, name, wanted[name])) for name in sorted(wanted)]
    given = [(name, values) for name, values in given if values]
    if not given:
        return []
    front = _select(table, names)
    order = f' ORDER BY "{lock}"' if lock else ""
    if _is_json(connection):
        where = " OR ".join(f'"{name}" = ANY(%s)' for name, _ in given)
        locked = " FOR UPDATE" if lock else ""
        statement = f"{front} WHERE {where}{order}{locked}"
        return connection.exec_driver_sql(statement, tuple(keys for _, keys in given)).all()
    where = " OR ".join(f'"{name}" IN ({",".join("?" * len(keys))})' for name, keys in given)
    values = tuple(key for _, keys in given for key in keys)
    return _sqlite(connection, f"{front} WHERE {where}{order}", values)


def _keys(connection: Connection, table: Table, name: str, keys: Iterable[str]) -> list[str]:
    kind = table.c[name].type
    assert isinstance(kind, Key)
    return sorted({kind.process_bind_param(key, connection.dialect) or "" for key in keys})


@functools.cache
def _select(table: Table, names: tuple[str, ...]) -> str:
    columns = ", ".join(_quoted(name) for name in names)
    return f"SELECT {columns} FROM {table.name}"  # noqa: S608 -- our names


def _is_json(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _run(
    connection: Connection, table: Table, statement: str, names: tuple[str, ...], rows: Rows
) -> None:
    if _is_json(connection):
        document = msgspec.json.encode(rows)
        if b"\\u0000" in document:
            document = msgspec.json.encode([_without_nul(connection, table, row) for row in rows])
        connection.exec_driver_sql(statement, (document.decode(),))
        return
    values = [tuple([row[name] for name in names]) for row in rows]
    keys = _key_places(table, names)
    if any("\0" in "".join([row[place] or "" for row in values]) for place in keys):
        clean = (_without_nul(connection, table, row) for row in rows)
        values = [tuple([row[name] for name in names]) for row in clean]
    _sqlite(connection, statement, values)


@functools.cache
def _key_places(table: Table, names: tuple[str, ...]) -> list[int]:
    return [place for place, name in enumerate(names) if isinstance(table.c[name].type, Key)]


def _sqlite(
    connection: Connection, statement: str, values: tuple[Any, ...] | list[tuple[Any, ...]]
) -> list[Any]:
    """Run it past SQLAlchemy, which costs several times what SQLite does; for every tuple if
    `values` is a list. Errors are SQLAlchemy's."""
    cursor = connection.connection.cursor()
    try:
        if isinstance(values, list):
            cursor.executemany(statement, values)
            return []
        cursor.execute(statement, values)
        return list(cursor.fetchall())
    except sqlite3.Error as error:
        dialect = connection.dialect
        raise DBAPIError.instance(statement, None, error, sqlite3.Error, dialect=dialect) from error
    finally:
        cursor.close()


def _without_nul(connection: Connection, table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """What the column type `Key` does to values that are bound one by one."""
    found = dict(row)
    for name, value in row.items():
        kind = table.c[name].type
        if isinstance(kind, Key):
            found[name] = kind.process_bind_param(value, connection.dialect)
    return found


@functools.cache
def _insert(table: Table, names: tuple[str, ...], json: bool) -> str:
    columns = ", ".join(_quoted(name) for name in names)
    if not json:
        marks = ", ".join("?" for _ in names)
        return f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608 -- our names
    taken = ", ".join(_taken(table.c[name]) for name in names)
    source = _source(table, names)
    return f"INSERT INTO {table.name} ({columns}) SELECT {taken} FROM {source}"  # noqa: S608


@functools.cache
def _merge(table: Table, names: tuple[str, ...], keys: tuple[str, ...], add: bool) -> str:
    def value(name: str) -> str:
        new = f"excluded.{_quoted(name)}"
        return f"{table.name}.{_quoted(name)} + {new}" if add else new

    sets = ", ".join(f"{_quoted(name)} = {value(name)}" for name in names if name not in keys)
    return f" ON CONFLICT ({', '.join(map(_quoted, keys))}) DO UPDATE SET {sets}"


@functools.cache
def _update(table: Table, names: tuple[str, ...], json: bool) -> str:
    *changed, key = names
    if not json:
        sets = ", ".join(f"{_quoted(name)} = ?" for name in changed)
        return f"UPDATE {table.name} SET {sets} WHERE {_quoted(key)} = ?"  # noqa: S608 -- our names
    sets = ", ".join(f"{_quoted(name)} = {_taken(table.c[name])}" for name in changed)
    source = _source(table, names)
    where = f"{table.name}.{_quoted(key)} = {_taken(table.c[key])}"
    return f"UPDATE {table.name} SET {sets} FROM {source} WHERE {where}"  # noqa: S608 -- our names


def _source(table: Table, names: tuple[str, ...]) -> str:
    shape = ", ".join(f"{_quoted(name)} {_type(table.c[name])}" for name in names)
    return f"json_to_recordset(%s::json) AS new({shape})"


def _taken(column: Column[Any]) -> str:
    name = f"new.{_quoted(column.name)}"
    return f"decode({name}, 'base64')" if isinstance(column.type, LargeBinary) else name


def _type(column: Column[Any]) -> str:
    match column.type:
        case BigInteger():
            return "bigint"
        case Integer():
            return "integer"
        case Boolean():
            return "boolean"
        case Float():
            return "double precision"
        case _:
            return "text"  # also of bytes, which JSON holds in base64


def _quoted(name: str) -> str:
    return f'"{name}"'
