"""Heights of blocks, guessed and known."""

from __future__ import annotations

import random

from agent_tui.tui.heights import Heights


def test_places_follow_what_is_learnt_forgotten_and_added() -> None:
    chance = random.Random(4)
    plain = [chance.randint(1, 9) for _ in range(50)]
    heights = Heights(plain)
    for _ in range(500):
        what = chance.random()
        if what < 0.7:
            index, height = chance.randrange(len(plain)), chance.randint(1, 9)
            heights.learn(index, height)
            plain[index] = height
            assert heights.known(index)
        else:
            first = chance.randrange(len(plain))
            more = [chance.randint(1, 9) for _ in range(chance.randint(1, 60))]
            heights.keep(first, more)
            plain[first:] = more
            assert not heights.known(len(plain) - 1)
        assert (len(heights), heights.total) == (len(plain), sum(plain))
        line = chance.randrange(heights.total)
        index, within = heights.at(line)
        assert sum(plain[:index]) + within == line and 0 <= within < plain[index]


def test_none_is_a_height_too() -> None:
    assert Heights().total == 0
    assert Heights().at(0) == (0, 0)
