"""The terminal: screens, widgets, and one class per thing a person can want."""

from __future__ import annotations

import os

# How often a second Textual paints at most, which it reads when it is imported: after this. At its
# own 60 a key pressed right after a picture waits 16 ms for the next, and where chats change all
# the time there always was one.
os.environ.setdefault("TEXTUAL_FPS", "240")
