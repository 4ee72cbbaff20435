"""`agent-tui server orders` on a data folder whose shop keeps its books in a CSV."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Cli


def test_a_customers_orders(cli: Cli, folder: Path) -> None:
    where = ("--data", str(folder))
    nothing = cli("server", "orders", "v", *where)
    assert nothing.code == 2 and "[orders]" in nothing.err
    config = folder / "config.toml"
    before = config.read_text("utf-8")
    config.write_text(f'{before}\n[orders]\nsource = "csv:books.csv"\n', "utf-8")
    gone = cli("server", "orders", "v", *where)
    assert gone.code == 1 and "books.csv" in gone.err
    (folder / "books.csv").write_text("no,customer,item,state\n2231,v,glass,已签收\n", "utf-8")
    assert cli("server", "orders", "v", *where).out == "Order 2231, glass, delivered.\n"
    (order,) = cli("server", "orders", "v", "--json", *where).json()
    assert order == {"no": "2231", "items": [{"name": "glass"}], "state": "delivered"}
    nobody = cli("server", "orders", "w", *where)
    assert (nobody.code, nobody.out) == (0, "")
