"""From how an entry fits to its score, in points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge.entry import Context, Entry
from agent_tui.knowledge.segment import Matches

PARTS = ("name", "words", "text", "whole")
Points = dict[str, npt.NDArray[np.float32]]

# A name typed with slips is known by its edits; what a customer wrote by the words it shares with
# names and texts. Both count, and a name that is nearly the query stands above all else.
EDITS, NEAR = 60.0, 0.7
COVER, ALIKE, TEXT = 20.0, 50.0, 90.0
SENTENCE = 0.6  # of what words in names tell is left where a whole sentence is asked
WHOLE = 10.0  # the name is the query, and nothing else
# What the moment adds, never more than a slip costs.
USED = 6.0
LANGUAGE, SHOP, TYPE = 4.0, 2.0, 3.0
EXPIRED = 25.0


def fitting(found: Matches, *, sentence: bool) -> Points:
    """The parts of each score that come from the query: PARTS, in that order."""
    told = np.float32(SENTENCE if sentence else 1.0)
    near = np.maximum(np.float32(0), (found.edits - NEAR) / (1 - NEAR))
    return {
        "name": np.float32(EDITS) * near,
        "words": told * (np.float32(COVER) * found.cover + np.float32(ALIKE) * found.alike),
        "text": np.float32(TEXT) * found.text,
        "whole": np.where(found.alike > 0.97 * found.weight, np.float32(WHOLE), np.float32(0)),
    }


def moment(entry: Entry, context: Context) -> dict[str, float]:
    """The parts that come from who asks and where."""
    found = {"used": USED * context.uses.get(entry.key, 0.0)}
    if context.language and entry.language:
        found["language"] = LANGUAGE if entry.language == context.language else -LANGUAGE
    if context.shop and entry.shop:
        found["shop"] = SHOP if entry.shop == context.shop else -SHOP
    if context.type and entry.type == context.type:
        found["type"] = TYPE
    if not entry.holds(context.today):
        found["expired"] = -EXPIRED
    return found
