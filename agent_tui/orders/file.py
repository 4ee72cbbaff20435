"""Orders in a file: a table of an SQLite database, or a CSV that is indexed when it changes."""

from __future__ import annotations

import codecs
import csv
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from agent_tui import charset
from agent_tui.lang import Both
from agent_tui.orders import reading
from agent_tui.orders.source import SourceBroken

if TYPE_CHECKING:
    from agent_tui.orders.model import Order
    from agent_tui.settings.server import Orders

log = logging.getLogger(__name__)
ROWS = 500  # of one customer, the newest
STEPS = 2_000  # of SQLite's machine, between two looks at the clock
MOST_BYTES = 1 << 30
MOST_ROWS = 5_000_000
SAMPLE = 200_000
SETTLE_SECONDS = 1.0  # a file that changed since then may still be being written
DELIMITERS = ",;\t|"
Row = Mapping[str, object]
Stamp = tuple[int, int, int]  # inode, bytes, time of the last change (ns)


class _Base:
    """What both kinds of file have in common: settings, one connection, and its lock."""

    def __init__(self, settings: Orders) -> None:
        self._settings = settings
        self.path = Path(settings.source.partition(":")[2])
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _read(self, rows: Sequence[Row]) -> tuple[Order, ...]:
        settings = self._settings
        return reading.orders(
            rows, states=settings.states, currency=settings.currency, limit=settings.limit
        )

    def _stat(self) -> os.stat_result:
        try:
            return self.path.stat()
        except OSError as error:
            raise SourceBroken(
                "missing",
                Both(f"读不了订单文件 {self.path}", f"cannot read the orders in {self.path}"),
                Both(str(error.strerror), str(error.strerror)),
            ) from error

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One lookup at a time; the others wait as long as an answer may take."""
        if not self._lock.acquire(timeout=self._settings.timeout):
            raise self._late()
        try:
            yield
        except sqlite3.Error as error:
            self._drop()
            if "interrupted" in str(error):
                raise self._late() from error
            raise self._odd(str(error)) from error
        finally:
            self._lock.release()

    def _late(self) -> SourceBroken:
        return SourceBroken(
            "timeout",
            Both(f"查 {self.path} 超时", f"looking into {self.path} takes too long"),
            Both("给客户那一列建索引", "make an index on the customer's column"),
        )

    def _odd(self, what: str) -> SourceBroken:
        return SourceBroken(
            "unreadable",
            Both(f"看不懂订单文件 {self.path}：{what}", f"no orders out of {self.path}: {what}"),
            Both("见 docs/orders.md", "see docs/orders.md"),
        )


class SqliteSource(_Base):
    """A table or view, one row for each line of an order; opened read-only."""

    def __init__(self, settings: Orders) -> None:
        super().__init__(settings)
        self._inode = 0
        self._query = ""
        self._fields: tuple[str, ...] = ()

    def find(self, key: str) -> tuple[Order, ...]:
        """By the index of the customer's column; without one, for as long as there is time."""
        inode = self._stat().st_ino
        with self._turn():
            if self._db is None or inode != self._inode:
                self._drop()
                self._open()
                self._inode = inode
            assert self._db is not None
            end = time.monotonic() + self._settings.timeout
            self._db.set_progress_handler(lambda: int(time.monotonic() > end), STEPS)
            found = self._db.execute(self._query, (key, reading.normal(key))).fetchall()
        return self._read([dict(zip(self._fields, row, strict=True)) for row in found])

    def _open(self) -> None:
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        self._db = db = sqlite3.connect(
            address,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=min(1.0, self._settings.timeout),
        )
        db.text_factory = _text
        db.execute("PRAGMA query_only=ON")
        db.execute("PRAGMA trusted_schema=OFF")
        table = _quoted(self._settings.table)
        heads = [str(row[1]) for row in db.execute(f"PRAGMA table_info({table})")]
        if not heads:
            raise self._odd(f"{self._settings.table}?")
        at = reading.places(heads, self._settings.named, str(self.path))
        column = {field: _quoted(heads[place]) for field, place in at.items()}
        self._fields = tuple(column)
        newest = f" ORDER BY {column['placed_at']} DESC" if "placed_at" in column else ""
        self._query = (
            f"SELECT {', '.join(column.values())} FROM {table}"  # noqa: S608 -- quoted above
            f" WHERE {column['customer']} IN (?, ?){newest} LIMIT {ROWS}"
        )
        plan = " ".join(
            str(row[-1]) for row in db.execute(f"EXPLAIN QUERY PLAN {self._query}", ("", ""))
        )
        if "SEARCH" not in plan:
            log.warning("no index on the customer's column of %s: every look reads all", self.path)


class CsvSource(_Base):
    """A spreadsheet's export, one row for each line of an order. It is read once and whenever it
    changed, into an index in a private temporary file; until that is done, the old one answers."""

    def __init__(self, settings: Orders) -> None:
        super().__init__(settings)
        self._stamp: Stamp | None = None
        self._broken: tuple[Stamp, SourceBroken] | None = None
        self._reading = threading.Lock()

    def find(self, key: str) -> tuple[Order, ...]:
        """From the index of the file as it stands now, or stood a moment ago."""
        self._follow()
        with self._turn():
            if self._db is None:
                return ()  # closed meanwhile
            query = f"SELECT body FROM line WHERE key = ? ORDER BY at DESC, rowid LIMIT {ROWS}"  # noqa: S608 -- a number
            found = self._db.execute(query, (reading.normal(key),)).fetchall()
        return self._read([msgspec.json.decode(body) for (body,) in found])

    def _follow(self) -> None:
        """Read the file if it changed. Who comes while another one does waits for nothing, unless
        there is no index yet."""
        stat = self._stat()
        stamp = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if stamp == self._stamp:
            return
        self._say_broken(stamp)
        fresh = abs(time.time() - stat.st_mtime) < SETTLE_SECONDS
        if self._stamp is not None and fresh:
            return
        # Nobody holds a thread for longer than an answer may take.
        patience = self._settings.timeout if self._stamp is None else 0.0
        if not self._reading.acquire(timeout=patience):
            if self._stamp is None:
                raise self._late()
            return
        try:
            if stamp == self._stamp:
                return
            self._say_broken(stamp)
            if stat.st_size > MOST_BYTES:
                raise self._odd(f"> {MOST_BYTES >> 20} MB")
            try:
                index = self._index()
            except SourceBroken as error:
                # A disk that refuses may not the next time, and what is being written may be whole.
                if not fresh and not isinstance(error.__cause__, OSError | sqlite3.Error):
                    self._broken = (stamp, error)
                raise
            with self._lock:
                self._drop()
                self._db, self._stamp = index, stamp
        finally:
            self._reading.release()

    def _say_broken(self, stamp: Stamp) -> None:
        """Raises what came of the file with this stamp when it was read, if nothing could."""
        if self._broken is not None and self._broken[0] == stamp:
            raise self._broken[1].with_traceback(None)

    def _index(self) -> sqlite3.Connection:
        started = time.perf_counter()
        index = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        try:
            index.execute("PRAGMA journal_mode=OFF")
            index.execute("PRAGMA synchronous=OFF")
            index.execute("CREATE TABLE line (key TEXT, at INTEGER, body BLOB)")
            index.execute("BEGIN")
            index.executemany("INSERT INTO line VALUES (?, ?, ?)", self._lines())
            index.execute("CREATE INDEX line_key ON line (key, at)")
            index.execute("COMMIT")
            (rows,) = index.execute("SELECT count(*) FROM line").fetchone()
        except BaseException as error:
            index.close()
            if isinstance(error, OSError | sqlite3.Error | UnicodeError):
                raise self._odd(str(error)) from error
            raise
        took = time.perf_counter() - started
        log.info("%s: %d lines of orders indexed in %.1f s", self.path, rows, took)
        return index

    def _lines(self) -> Iterator[tuple[str, int, bytes]]:
        """(customer's key, moment, fields as JSON) of every row that has a customer."""
        with self.path.open(encoding=self._encoding(), errors="replace", newline="") as file:
            first = file.readline(SAMPLE)
            if "\0" in first or not first.strip():
                raise self._odd("?")
            delimiter = max(DELIMITERS, key=first.count)
            (heads,) = csv.reader([first], delimiter=delimiter)
            at = reading.places(heads, self._settings.named, str(self.path))
            customer, placed = at.pop("customer"), at.get("placed_at", -1)
            rows = self._sound(csv.reader(file, delimiter=delimiter))
            for number, row in enumerate(rows):
                if number >= MOST_ROWS:
                    raise self._odd(f"> {MOST_ROWS} rows")
                size = len(row)
                key = reading.normal(row[customer]) if customer < size else ""
                if not key:
                    continue
                fields = {field: row[place] for field, place in at.items() if place < size}
                moment = reading.moment(row[placed]) if 0 <= placed < size else 0
                yield key, moment, msgspec.json.encode(fields)

    def _sound(self, rows: Iterator[list[str]]) -> Iterator[list[str]]:
        """`rows` without those that are none: of a quote that is never closed, say."""
        bad = 0
        while True:
            try:
                yield next(rows)
            except StopIteration:
                break
            except csv.Error:
                bad += 1
        if bad:
            log.warning("%s: %d rows cannot be read", self.path, bad)

    def _encoding(self) -> str:
        """Of the first whole lines; a file whose Chinese comes later is taken for UTF-8 unless it
        cannot be."""
        with self.path.open("rb") as file:
            sample = file.read(SAMPLE)
            if len(sample) == SAMPLE and not sample.startswith((b"\xff\xfe", b"\xfe\xff")):
                sample = sample[: sample.rfind(b"\n") + 1]
            name = charset.guess(sample)
            if name is None:
                raise self._odd("?")
            if name != "utf-8-sig":
                return name
            file.seek(0)
            decoder = codecs.getincrementaldecoder("utf-8")()
            with suppress(UnicodeDecodeError):
                for part in iter(lambda: file.read(1 << 20), b""):
                    decoder.decode(part)
                return name
        return "gb18030"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(raw: bytes) -> Any:
    return raw.decode("utf-8", "replace")
