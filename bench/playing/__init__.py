"""A shop's day in virtual time."""
