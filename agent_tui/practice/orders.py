"""What scripted customers bought, in the books of the demo's shop: an SQLite file in the server's
data folder, which the server reads as it would any shop's."""

from __future__ import annotations

import datetime
import random
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from agent_tui.practice.scenario import Bought, Scenario, fill
from agent_tui.practice.script import Part

FILE = "orders.db"
# The record's id is what the web channel knows of a visitor: nobody can claim another one's.
CONFIG = f"""\
[orders]
source = "sqlite:{FILE}"
by = ["id"]
keep_seconds = 2.0
"""
KEPT = 3_000  # lines; the oldest go
COLUMNS = (
    *("customer", "no", "placed_at", "state", "item", "count", "price", "amount", "carrier"),
    *("tracking", "eta", "delivered_at"),
)
_TABLE = (
    "CREATE TABLE IF NOT EXISTS orders (customer TEXT, no TEXT, placed_at INTEGER, state TEXT,"
    " item TEXT, count INTEGER, price TEXT, amount TEXT, carrier TEXT, tracking TEXT, eta TEXT,"
    " delivered_at INTEGER)"
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# As people talk of what they bought, before what the shop calls it.
_THAT = re.compile(r"^(?:上次那款|以前买的那个|去年那款|那[个款件条]|an? )")


class Books:
    """The file. Calls may come from any thread."""

    def __init__(self, folder: Path, clock: Callable[[], int]) -> None:
        self._path = folder / FILE
        self._clock = clock
        with closing(self._open()) as db:
            db.execute(_TABLE)
            db.execute("CREATE INDEX IF NOT EXISTS orders_customer ON orders (customer)")
            db.execute(
                "DELETE FROM orders WHERE rowid <= (SELECT max(rowid) FROM orders) - ?", (KEPT,)
            )

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None, timeout=10)

    def sell(self, scenario: Scenario, part: Part, customer: str) -> None:
        """Enter what the one who plays `part` bought, before they say a word."""
        marks = ",".join("?" * len(COLUMNS))
        rows = list(lines(scenario, part, customer, self._clock()))
        with closing(self._open()) as db:
            db.executemany(f"INSERT INTO orders ({','.join(COLUMNS)}) VALUES ({marks})", rows)  # noqa: S608 -- our own


def lines(
    scenario: Scenario, part: Part, customer: str, now: int
) -> Iterator[tuple[str | int, ...]]:
    """A row for each line of each order, in the order of COLUMNS, as of `now` (ms). The same part
    bought the same things."""
    facts = part.facts | {"name": part.name}
    for number, bought in enumerate(scenario.orders):
        chance = random.Random(f"{part.seed}/order/{number}")

        def say(text: str, chance: random.Random = chance) -> str:
            return re.sub("#", lambda _: str(chance.randrange(10)), fill(text, facts))

        no, tracking = say(bought.no), say(bought.tracking)
        whole = _whole(bought, say, now)
        for item in bought.items:
            name = _THAT.sub("", say(item.name))
            placed, delivered, eta, amount = whole
            yield (
                *(customer, no, placed, bought.state, name, item.count, say(item.price), amount),
                *(bought.carrier, tracking, eta, delivered),
            )


def _whole(bought: Bought, say: Callable[[str], str], now: int) -> tuple[int, int, str, str]:
    delivered = moment(say(bought.delivered), now) if bought.delivered else 0
    eta = ""
    if bought.eta is not None:
        eta = (_local(now) + datetime.timedelta(days=bought.eta)).date().isoformat()
    return moment(say(bought.placed), now), delivered, eta, say(bought.amount)


def moment(text: str, now: int) -> int:
    """ "10m" or "3d" before `now` (ms), "3d 20:14" for an hour of that day, "Sunday 20:14" for the
    last day of that name."""
    day, _, hour = text.rpartition(" ") if ":" in text else (text, "", "")
    if fit := re.fullmatch(r"(\d+)m", day):
        return now - int(fit[1]) * 60_000
    if fit := re.fullmatch(r"(\d+)d", day):
        then = _local(now) - datetime.timedelta(days=int(fit[1]))
    else:
        name = day.lower().rpartition(" ")[2]
        wanted = _DAYS.index(name) if name in _DAYS else 5  # "the weekend"
        then = _local(now)
        then -= datetime.timedelta(days=(then.weekday() - wanted - 1) % 7 + 1)
    if hour:
        hours, minutes = hour.split(":")
        then = then.replace(hour=int(hours), minute=int(minutes))
    return int(then.timestamp() * 1000)


def _local(at: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at / 1000).astimezone()
