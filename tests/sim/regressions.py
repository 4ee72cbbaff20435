"""Seeds that once failed, and what it was. They are run again in every `make test`.

A seed means something only with the steps of its day: where these have changed since, it is one
more seed. What keeps such a fault found is its mutation, which `test_mutations.py` puts back in.
Those of `FOUND` are run without the reactions, and all without the edits, which came later and
would change them all.
"""

from __future__ import annotations

FOUND: dict[int, str] = {
    3: "a replica that had not heard of an account's change told a snapshot in the old scope",
    2: "a page ended inside a command: `done` ran ahead, and the refusal's text was lost",
    17: "one of the engine's tasks ended on a 401 and the other went on: nothing was pushed",
    21: "cache.db taken away between two pages was taken for a restored server",
    24: "a second restore lost what had survived the first under the client id of before",
    33: "a trainee's own change of account did not lead to a snapshot",
    16: "no fault of the program: a stream of a dead replica was kept alive (simulation)",
    56: "a third restore behind a compacted cursor went unnoticed",
    63: "a refused mark of reading need not be in the tray after a restore (checker)",
    74: "a restore went unnoticed where cache.db was deleted too",
    5035: "the same where another version gave the cursor up",
    1928: "a forced reply took the chat, and a stale one of the same batch went out with it",
    2812: "a request that outlasted a dead line was as young as when it was written",
    3102: "a replica far behind read a part of the log, and the rest a poll later",
    3975: "such a part ended inside a command: its refusal's text was lost",
    5399: "applied, then refused in another backup that was restored: the text was lost",
    20066: "a snooze that ended just before the end told too late (simulation)",
    238: "a batch that claims first is its author's own reply (checker)",
    753: "a new article took the name of one that was compared, and withdrawn meanwhile",
}

# These are run with them.
REACTED: dict[int, str] = {
    575: "a share of the time that was added to the settings was to warn of what was over",
    1397: "let in again by one replica, logged out by another that had not heard of it",
}
