"""The keystroke budget: what each usual task takes, by which keys, and what the best rival takes.

A chord or a key counts 1; a filter that is typed counts 3, with the Enter that takes its top hit;
the text of a message counts nothing. `test_budget.py` presses these keys, and docs/keys.md is made
from the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from agent_tui.lang import Both

COSTS = {"intent": 1, "slot": 1, "key": 1, "typed": 3, "text": 0}


class Step(NamedTuple):
    """An intent's configured key, any macro's function key, a key of a dialogue, a filter typed up
    to its Enter, or text of a message."""

    kind: Literal["intent", "slot", "key", "typed", "text"]
    what: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One row. `best`: what the best of the field takes, in words where it is no number."""

    id: str
    title: Both
    budget: int
    best: Both
    steps: tuple[Step, ...]

    @property
    def keys(self) -> int:
        """What the steps count."""
        return sum(COSTS[step.kind] for step in self.steps)


def _does(intent: str) -> Step:
    return Step("intent", intent)


ENTER, TYPED, TEXT, SLOT = Step("key", "enter"), Step("typed"), Step("text"), Step("slot")
FIVE = Both("5", "5")
ONE = Both("1", "1")

TASKS = (
    Task(
        "urgent",
        Both("打开我手上最急的会话", "open the most urgent chat of mine"),
        1,
        Both("1，但只按列表顺序", "1, but in list order"),
        (_does("next_urgent"),),
    ),
    Task(
        "slot",
        Both("插入记得住的话术，再发出", "insert a known canned reply, and send it"),
        2,
        FIVE,
        (SLOT, ENTER),
    ),
    Task(
        "macro",
        Both("模糊查到任意一条话术并插入", "find any canned reply by fuzzy text and insert it"),
        5,
        FIVE,
        (_does("find"), TYPED),
    ),
    Task(
        "article",
        Both("查知识库并插入答案", "search the knowledge base and insert the answer"),
        5,
        Both("6", "6"),
        (_does("find"), TYPED),
    ),
    Task(
        "assign",
        Both("转交给同事", "assign to a colleague"),
        4,
        Both("9", "9"),
        (_does("assign"), TYPED),
    ),
    Task("tag", Both("加标签", "add a tag"), 4, Both("9", "9"), (_does("tag"), TYPED)),
    Task(
        "resolve",
        Both("解决并到下一个，可撤销", "resolve and go to the next, undoable"),
        1,
        ONE,
        (_does("resolve_next"),),
    ),
    Task(
        "snooze",
        Both("搁置到明天", "snooze until tomorrow"),
        2,
        FIVE,
        (_does("snooze"), Step("key", "1")),
    ),
    Task(
        "note", Both("写内部备注", "private note"), 2, Both("2", "2"), (_does("note"), TEXT, ENTER)
    ),
    Task(
        "ten",
        Both(
            "转交十个会话：筛选、标记、指派、看过试算再确认",
            "reassign ten chats: filter, mark, assign, confirm the dry run",
        ),
        8,
        Both("没有键盘办法", "no keyboard path"),
        (_does("filter"), TYPED, _does("mark_all"), _does("assign"), ENTER, ENTER),
    ),
    Task(
        "order",
        Both("看客户最近一单", "see the customer's last order"),
        1,
        Both("1（鼠标）", "1 (mouse)"),
        (_does("show_card"),),
    ),
)
BY_ID = {task.id: task for task in TASKS}


def table(overrides: dict[str, str] | None = None) -> str:
    """The budget as a Markdown table in both languages, with the keys that work now."""
    from agent_tui.macros.slots import KEYS
    from agent_tui.tui.commands import BY_ID as INTENTS
    from agent_tui.tui.commands import key_name

    def words(step: Step) -> str:
        if step.kind == "intent":
            intent = INTENTS[step.what]
            keys = (overrides or {}).get(step.what, intent.default_keys) or intent.letters
            return f"`{key_name(keys.split(',')[0])}`"
        if step.kind == "slot":
            return f"`{KEYS[0]}`–`{KEYS[-1]}`"
        if step.kind == "key":
            return f"`{key_name(step.what)}`"
        return "*type* `Enter`" if step.kind == "typed" else "*text*"

    lines = [
        "| task | 做什么 | keys | counts | budget | best of the field |",
        "|---|---|---|---|---|---|",
    ]
    for task in TASKS:
        keys = " ".join(map(words, task.steps))
        lines.append(
            f"| {task.title.en} | {task.title.zh} | {keys} | {task.keys} | {task.budget}"
            f" | {task.best.en} |"
        )
    return "\n".join(lines)
