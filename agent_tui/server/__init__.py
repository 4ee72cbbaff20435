"""The thin server: a log, the fold of it, and who may read which part."""
