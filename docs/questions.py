"""Writes docs/questions.md: customers' questions, and what the find pane has for them.

The questions are those of the shoppers in a public test set of customer service tasks, in short.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from agent_tui.domain.ids import ConversationId
from tests.tui.driver import Person, World, sit_down

PAGE = Path(__file__).with_name("questions.md")
# What the customer writes; what an agent types where the likely answers do not fit; and whether
# the shipped knowledge has an answer at all.
QUESTIONS = (
    ("东西太大了，想换一个小一点的", "", True),
    ("质量有问题，我要退掉", "", True),
    ("刚才买错了，帮我取消订单", "", True),
    ("显示已送达，可是我没收到电话", "", True),
    ("快递一直没动，到哪了", "", True),
    ("可以用 E 卡支付吗", "", True),
    ("给公司开张发票，抬头上海科技有限公司", "", True),
    ("订单地址改成公司的", "xiugai dizhi", True),
    ("我的返现到账了吗", "fanxian", False),
    ("想约周日上门安装", "anzhuang", False),
    ("刚装好一天就报 F001 错误", "F001", False),
    ("烟管过长要额外收费吗", "yanguan", False),
)


def shown(agent: Person, width: int) -> list[str]:
    """The right column of the screen, down to the end of the list."""
    lines = [line.rstrip() for line in agent.pane().split("\n")]
    count = 1 + agent.screen.find.hits.line_count()
    return [line[:width] for line in lines[:count]]


async def ask(agent: Person, number: int, typed: str) -> tuple[list[str], list[str]]:
    """What is there when the chat opens, and after typing."""
    agent.screen.open(ConversationId(f"c{number}"))
    await agent.pilot.pause()
    likely = shown(agent, 40)
    if not typed:
        return likely, []
    await agent.asks(typed)
    await agent.pilot.pause(0.3)
    found = shown(agent, 40)
    await agent.press("escape")
    return likely, found


async def main() -> None:
    """Ask everything, and write the page."""
    lines = [
        "# Questions tried",
        "",
        "Shoppers' questions and what the find pane shows for them from the shipped knowledge:",
        "when the chat opens, and where that does not fit, after typing. Made by",
        "`python -m docs.questions`. [Ten others](trial.md) were tried by hand.",
    ]
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for number, (question, _, _) in enumerate(QUESTIONS):
            world.chat(f"c{number}", f"客户 {number + 1}", question)
        async with sit_down(world, size=(120, 36)) as agent:
            for number, (question, typed, answered) in enumerate(QUESTIONS):
                likely, found = await ask(agent, number, typed)
                verdict = "answered" if answered else "not in the knowledge base"
                lines += ["", f"## {question}", "", f"{verdict}", "", "```", *likely]
                if found:
                    lines += ["", f"> {typed}", *found]
                lines.append("```")
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
