"""A scripted customer as a function over state, event and time."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from agent_tui.practice import cast, persona, topics
from agent_tui.practice.persona import AgentTypes, Heard, Spoken, State, Tick
from agent_tui.practice.scenario import Line, Scenario, Silence, Step, When, load_all
from agent_tui.practice.script import SILENCE, Script

SCENARIO = Scenario(
    title="题",
    title_en="title",
    id="cups",
    name="甲",
    language="zh",
    mood="calm",
    opening=("你好", Line(text="{product}碎了", pause=2)),
    steps=(
        Step(id="order", when=When(asks="order"), say=("{order}",)),
        Step(id="photo", when=When(asks="photo"), say=("[图片]", "[图片]")),
        Step(id="freight", when=When(any_of=("运费",), none_of=("自理",)), say=("好的",)),
        Step(id="later", when=When(any_of=("补发",)), after=("order",), say=("什么时候到",)),
        Step(id="wait", when=When(sounds="wait"), say=("嗯",), patience=100),
        Step(id="bye", when=When(sounds="closing"), say=("谢谢", "五星"), ends=True),
    ),
    silence=(
        Silence(after=60, say=("在吗",)),
        Silence(after=150, say=("算了",), ends=True),
    ),
    otherwise=("哦", "然后呢"),
    facts={"product": "杯子", "order": "2231"},
)
SCRIPT = Script(SCENARIO, cast.as_written(SCENARIO, seed=1))


@dataclass
class Play:
    """A customer under a clock that jumps to wherever something happens."""

    script: Script = SCRIPT
    now: int = 1_000_000
    said: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    state: State = field(default_factory=State)

    def __post_init__(self) -> None:
        if self.state == State():
            self.state = persona.begin(self.script, self.now)

    def _take(self, event: persona.Event) -> None:
        self.state, said = persona.step(self.script, self.state, event, self.now)
        self.said += [each.text for each in said]
        self.ids += [each.id for each in said]

    def passes(self, seconds: float) -> list[str]:
        """Let time go by; what was said meanwhile."""
        until = self.now + round(seconds * 1000)
        before = len(self.said)
        while (due := persona.wake_at(self.script, self.state)) is not None and due <= until:
            self.now = max(self.now, due)
            self._take(Tick())
        self.now = until
        return self.said[before:]

    def hears(self, text: str) -> Play:
        self._take(Heard(text))
        return self

    def sees_typing(self) -> Play:
        self._take(AgentTypes())
        return self


def test_the_opening_comes_at_once_and_then_as_people_type() -> None:
    play = Play()
    assert play.passes(0) == ["你好"]
    assert play.passes(1.9) == []
    assert play.passes(0.2) == ["杯子碎了"]
    assert play.ids == ["open/0", "open/1"]


def test_typing_is_told_before_a_line() -> None:
    play = Play()
    play.passes(0)
    assert not play.state.typing(play.now)
    assert play.state.typing(play.now + 1900)
    assert not play.state.typing(play.now + 2000)


def test_a_question_is_answered_after_reading_and_typing() -> None:
    play = Play()
    play.passes(5)
    play.hears("您好，请问订单号是多少？")
    assert play.passes(0.9) == []
    assert play.passes(6) == ["2231"]


def test_two_questions_in_two_messages_are_answered_together() -> None:
    play = Play()
    play.passes(5)
    play.hears("请发一下订单号")
    play.passes(0.5)
    play.hears("还有杯子的照片")
    assert play.passes(15) == ["2231", "[图片]", "[图片]"]


def test_each_step_is_said_once_then_stock_phrases_then_nothing() -> None:
    play = Play()
    play.passes(5)
    assert play.hears("请问订单号").passes(10) == ["2231"]
    assert play.hears("请问订单号").passes(10) == ["哦"]
    assert play.hears("嗯").passes(10) == ["然后呢"]
    assert play.hears("嗯").passes(10) == []


def test_conditions_and_order_of_steps() -> None:
    play = Play()
    play.passes(5)
    assert play.hears("运费自理").passes(10) == ["哦"]
    assert play.hears("给您补发").passes(10) == ["然后呢"], "the order number comes first"
    assert play.hears("麻烦给我订单号").passes(10) == ["2231"]
    assert play.hears("给您补发").passes(10) == ["什么时候到"]


def test_a_step_may_rule_another_out() -> None:
    steps = (
        Step(id="a", when=When(any_of=("甲",)), say=("一",)),
        Step(id="b", when=When(any_of=("乙",)), say=("二",), unless=("a",)),
        Step(id="bye", when=When(sounds="closing"), say=("谢谢",), ends=True),
    )
    scenario = replace(SCENARIO, steps=steps)
    play = Play(Script(scenario, cast.as_written(scenario, 1)))
    play.passes(5)
    assert play.hears("甲").passes(10) == ["一"]
    assert play.hears("乙").passes(10) == ["哦"]


def test_what_a_reply_settles_is_not_brought_up_later() -> None:
    play = Play()
    play.passes(5)
    play.hears("请问订单号").passes(10)
    assert play.hears("运费我们出，今天补发").passes(10) == ["好的"]
    assert play.hears("补发好了").passes(10) == ["哦"]


def test_silence_makes_impatient_and_the_customer_leaves() -> None:
    play = Play()
    play.passes(5)
    assert play.passes(50) == []
    assert play.passes(20) == ["在吗"]
    assert play.passes(70) == []
    assert play.passes(30) == ["算了"]
    assert play.state.left
    assert persona.wake_at(SCRIPT, play.state) is None
    assert play.hears("在的").passes(100) == []


def test_an_answer_starts_the_patience_anew_and_asking_to_wait_stretches_it() -> None:
    play = Play()
    play.passes(50)
    assert play.hears("请稍等").passes(10) == ["嗯"]
    assert play.passes(100) == []
    assert play.passes(80) == ["在吗"]


def test_an_agent_who_types_is_waited_for() -> None:
    play = Play()
    play.passes(5)
    for _ in range(20):
        assert play.passes(5) == []
        play.sees_typing()
    assert play.passes(14) == ["在吗"]


def test_who_types_on_is_read_to_the_end() -> None:
    play = Play()
    play.passes(5)
    play.hears("请问")
    assert play.sees_typing().passes(1.9) == []
    play.hears("订单号？")
    assert play.passes(10) == ["2231"]


def test_good_bye_ends_it() -> None:
    play = Play()
    play.passes(5)
    assert play.hears("还有其他可以帮您的吗？").passes(20) == ["谢谢", "五星"]
    assert play.state.left


def test_who_had_to_ask_again_gives_less() -> None:
    served, waited = Play(), Play()
    served.passes(5)
    served.hears("还有其他可以帮您的吗？").passes(20)
    waited.passes(400)
    assert served.state.left and waited.state.left
    assert persona.rating(SCRIPT, served.state) == 5
    assert persona.rating(SCRIPT, waited.state) == 3


def test_good_bye_waits_for_a_question_to_be_answered() -> None:
    play = Play()
    play.passes(5)
    assert play.hears("订单号发我一下，还需要别的帮助吗").passes(10) == ["2231"]
    assert not play.state.left


def test_someone_who_waits_for_nothing_leaves_in_the_end() -> None:
    play = Play()
    play.passes(5)
    for text in ("嗯", "嗯", "嗯"):
        play.hears(text).passes(8)
    assert play.passes(persona.QUIET_LEAVE_MS / 1000 - 60) == []
    assert not play.state.left
    play.passes(120)
    assert play.state.left


def test_pace_makes_everything_faster() -> None:
    play = Play(Script(SCENARIO, SCRIPT.part, pace=0.1))
    play.passes(0.3)
    assert play.said == ["你好", "杯子碎了"]
    assert play.passes(6.5) == ["在吗"]


def test_the_same_seed_plays_the_same() -> None:
    def times(seed: int) -> list[int]:
        script = Script(SCENARIO, cast.as_written(SCENARIO, seed))
        play = Play(script)
        play.passes(5)
        play.hears("订单号和照片")
        return [line.due for line in persona.step(script, play.state, Tick(), 10**7)[0].plan]

    assert times(1) == times(1)
    assert times(1) != times(2)


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_customer_goes_on_from_the_transcript(cut: int) -> None:
    """Interrupted after `cut` messages, they say what is left, and nothing twice."""
    whole = Play()
    whole.passes(5)
    whole.hears("请发照片").passes(20)
    assert whole.ids == ["open/0", "open/1", "photo/0", "photo/1"]
    transcript = [Spoken(key, "…") for key in whole.ids[:cut]]
    if cut >= 2:
        transcript.insert(2, Spoken("", "请发照片"))
    again = Play(state=persona.resume(SCRIPT, transcript, 1_000_000))
    again.passes(20)
    assert whole.ids[:cut] + again.ids == (whole.ids if cut >= 2 else ["open/0", "open/1"])


def test_going_on_is_patient_again_and_remembers_what_was_said() -> None:
    ids = ["open/0", "open/1", "silence-0/0"]
    play = Play(state=persona.resume(SCRIPT, [Spoken(key, "…") for key in ids], 1_000_000))
    assert play.passes(140) == []
    assert play.passes(15) == ["算了"]


def test_someone_who_said_good_bye_does_not_go_on() -> None:
    ids = ["open/0", "open/1", "bye/0", "bye/1"]
    assert persona.resume(SCRIPT, [Spoken(key, "…") for key in ids], 0).left


def test_an_empty_or_foreign_transcript_begins_or_waits() -> None:
    assert persona.resume(SCRIPT, [], 5) == persona.begin(SCRIPT, 5)
    strange = persona.resume(SCRIPT, [Spoken("7d1f-uuid", "hello")], 5)
    assert not strange.plan and not strange.left


@pytest.mark.parametrize("scenario", load_all(), ids=lambda each: each.id)
def test_every_shipped_customer_leaves_whether_answered_or_not(scenario: Scenario) -> None:
    script = Script(scenario, cast.as_written(scenario, 1))
    ignored = Play(script)
    ignored.passes(3600)
    assert ignored.state.left
    assert any(each.startswith(SILENCE) for each in ignored.ids)
    served = Play(script)
    served.passes(30)
    for reply in (
        "您好，请把订单号发我 Hello, your order number please?",
        "请发照片 a photo please",
        "运费我们承担，给您补发，已经改好 we resend it, a refund as well",
        "今天 24 小时内，两个工作日 today, within 48 hours",
        "好",
        "还有什么可以帮您？ Anything else?",
        "祝您生活愉快，再见 Take care!",
    ):
        served.hears(reply).passes(40)
    assert served.state.left
    assert len(served.ids) == len(set(served.ids))
    assert len(served.ids) >= len(scenario.opening) + 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("麻烦您把订单号发给我", True),
        ("Could you send me your Order Number?", True),
        ("您的订单号 223104588921 已发货", False),
        ("稍等", False),
    ],
)
def test_asking_for_an_order_number(text: str, expected: bool) -> None:
    assert topics.asks(text, "order") is expected
