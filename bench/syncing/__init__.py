"""The parts of `bench/sync.py`: servers to measure, and clients that do not get in the way."""
