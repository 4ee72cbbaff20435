"""What all tables share: their register, and the strings that name things."""

from __future__ import annotations

from sqlalchemy import Dialect, MetaData, String, TypeDecorator

metadata = MetaData()


class Key(TypeDecorator[str]):
    """A short string that may come from outside. PostgreSQL's strings hold no NUL: what has one is
    nobody's key, on either engine."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Look for something that cannot be there."""
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if value else value
