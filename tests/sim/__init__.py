"""The real client and server cores under one seeded scheduler, with virtual time and faults.

`python -m tests.sim --seeds N` runs it for long; `test_simulation.py` is the short form.
"""
