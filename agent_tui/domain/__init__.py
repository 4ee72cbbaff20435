"""The rules of the trade, pure: no clock, no disk, no network."""
