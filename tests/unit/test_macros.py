"""Macros beyond a single text: conditions, flows, chains, files written, drafts, lint."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui import lang, paths
from agent_tui.domain.model import Channel
from agent_tui.frontmatter import Malformed
from agent_tui.knowledge.importing.row import Unfit
from agent_tui.macros import drafting, flows, library, linting, stats, template, writing
from agent_tui.macros.flows import Moment, Taken
from agent_tui.macros.importing import placeholders
from agent_tui.macros.library import Library
from agent_tui.macros.model import Macro, Situation, parse
from agent_tui.macros.personal import Personal
from agent_tui.store.usage import Use
from agent_tui.text import clean

NOW = datetime.datetime(2026, 11, 22, 10, 30)  # noqa: DTZ001 -- local time, as screens have it
WEB = Situation(channel="web", type="refund", tier="VIP", language="zh", tags=("急",))


def macro(key: str, head: str = "", body: str = "好的") -> Macro:
    return library.checked(key, f"---\ntitle: {key}\n{head}\n---\n{body}\n")


def said(key: str, head: str) -> str:
    lang.use("en")
    with pytest.raises(Malformed) as caught:
        macro(key, head)
    return f"{caught.value.line}: {caught.value.text}"


# --- conditions, channels, keys ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "offered"),
    [
        ("channels: [web]", True),
        ("channels: [phone, mail]", False),
        ("when: {type: [refund, return]}", True),
        ("when: {type: refund}", True),
        ("when: {type: order}", False),
        ("when: {tier: VIP, language: zh, tag: 急}", True),
        ("when: {tier: VIP, tag: 缓}", False),
        ("when: {tier: vip}", False),
        ("when: {priority: [high, urgent]}", False),
        ("when: {status: open}", True),
    ],
)
def test_a_macro_is_offered_where_it_fits(head: str, offered: bool) -> None:
    found = Library([macro("a", f"key: F3\nshort: a\n{head}")])
    assert bool(found.offered("zh", NOW, WEB)) is offered
    assert bool(found.by_key("F3", "zh", NOW, WEB)) is offered
    assert bool(found.by_short("a", "zh", NOW, WEB)) is offered
    assert found.offered("zh", NOW), "without a conversation nothing is compared"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("when: {kind: x}", "3: unknown key kind"),
        ("when: {status: solved}", "3: when: Invalid enum value 'solved'"),
        ("flow: a", "3: flow and step (from 1) go together"),
        ("step: 1", "3: flow and step (from 1) go together"),
        ("picture: cup.png", "3: picture is an https:// address"),
        ("attach: [cup.png]", "3: files cannot be attached"),
        ("valid: {from: 2026-02-02, to: 2026-02-01}", "3: valid: from is after to"),
    ],
)
def test_what_a_head_must_not_say(head: str, words: str) -> None:
    assert said("x", head).startswith(words)


def test_own_before_the_teams_before_everyones_but_first_what_can_be_read() -> None:
    found = Library(
        [
            macro("all", "key: F3"),
            macro("team", "key: F3\nscope: team:t"),
            macro("personal/own", "key: F3\nscope: personal"),
            macro("own.en", "key: F3\nlang: en"),
        ]
    )
    chosen = found.by_key("F3", "zh", NOW), found.by_key("F3", "en", NOW)
    assert [each.id if each else "" for each in chosen] == ["personal/own", "own.en"]


def test_a_picture_stands_on_a_line_of_its_own() -> None:
    one = macro("a", "picture: https://example.com/size.png", "看图：")
    assert library.fill(one, {}, {}) == "看图：\nhttps://example.com/size.png"


# --- flows and chains ----------------------------------------------------------------------------


def complaint() -> Library:
    steps = [macro(f"c{n}", f"flow: complaint\nstep: {n}\nstep_title: s{n}") for n in (1, 2, 3)]
    steps += [macro("c2.en", "lang: en\nflow: complaint\nstep: 2")]
    return Library([*steps, macro("ask", "then: [order, gone, phone]"), macro("order")])


def moment(found: Library, language: str = "zh") -> Moment:
    return Moment(found, language, NOW, WEB)


def test_the_place_in_a_flow_follows_from_what_was_sent() -> None:
    now = moment(complaint())
    assert flows.place(now, []) is None
    for sent, done, following in (("c1", 1, "c2"), ("c2.en", 2, "c3"), ("c3", 3, None)):
        place = flows.place(now, [Taken(1, "macro:c1"), Taken(5, f"macro:{sent}")])
        assert place is not None
        assert (place.flow, place.done, place.total) == ("complaint", done, 3)
        assert (place.next.id if place.next else None) == following


def test_beginning_a_flow_anew_starts_it_over() -> None:
    taken = [Taken(1, "macro:c1"), Taken(2, "macro:c3"), Taken(9, "macro:c1")]
    place = flows.place(moment(complaint()), taken)
    assert place is not None and place.done == 1


def test_what_follows() -> None:
    now = moment(complaint())

    def ids(taken: list[Taken], last: int) -> list[str]:
        return [each.id for each in flows.following(now, taken, last)]

    assert ids([], 0) == ["c1"], "a flow can be begun"
    assert ids([Taken(1, "macro:c1")], 1) == ["c2"]
    assert ids([Taken(1, "macro:ask")], 1) == ["order"], "unknown ones are left out"
    assert ids([Taken(1, "macro:c1"), Taken(2, "macro:ask")], 2) == ["c2", "order"]
    assert ids([Taken(1, "macro:ask")], 2) == ["c1"], "a reply of one's own ends a chain"
    assert ids([Taken(1, "article:x"), Taken(2, "macro:gone")], 2) == ["c1"]


def test_the_flow_of_the_questions_type_is_begun() -> None:
    now = moment(Library([*complaint().all.values(), macro("r1", "flow: refund\nstep: 1")]))
    assert [each.id for each in flows.beginnings(now)] == ["r1"], "the chat is about a refund"
    other = now._replace(situation=Situation(channel="web", type="order"))
    assert [each.id for each in flows.beginnings(other)] == ["c1", "r1"]


# --- files ---------------------------------------------------------------------------------------


def test_whatever_is_shipped_is_written_as_it_was_read() -> None:
    root = paths.shipped() / "macros"
    found, problems = library.load(root)
    assert len(found) > 80 and not problems
    for each in found:
        again = parse(each.id, writing.text_of(each.head, each.body))
        assert (again.head, again.body) == (each.head, each.body)


def test_every_function_key_has_a_macro_in_both_languages() -> None:
    found = Library(library.load(paths.shipped() / "macros")[0])
    for key in (f"F{number}" for number in range(2, 10)):
        for language in ("zh", "en"):
            one = found.by_key(key, language, NOW, Situation(channel=Channel.WEB))
            assert one is not None and one.head.lang == language, key


def test_every_shipped_macro_is_there_in_both_languages_and_tested() -> None:
    found, _ = library.load(paths.shipped() / "macros")
    languages: dict[str, set[str]] = {}
    for each in found:
        languages.setdefault(each.group, set()).add(each.head.lang)
        assert each.head.tests and all(test.expect for test in each.head.tests), each.id
    assert [group for group, there in languages.items() if there != {"zh", "en"}] == []


@pytest.mark.parametrize("title", ["a: b", "- no", "“x”", "yes", "1e3", "2026-01-01", "#x", "{a}"])
def test_awkward_titles_survive_being_written(title: str) -> None:
    head = msgspec.structs.replace(macro("x").head, title=title, tags=(title, "y"))
    assert parse("x", writing.text_of(head, "text")).head == head


# --- personal ------------------------------------------------------------------------------------


def test_ones_own_are_read_again_when_a_file_changes(tmp_path: Path) -> None:
    own = Personal(tmp_path / "macros")
    assert not own.look() and not own.macros
    (tmp_path / "macros").mkdir()
    path = tmp_path / "macros" / "hi.md"
    path.write_text("---\ntitle: hi\nkey: F3\n---\nhi\n")
    assert own.look()
    assert [(m.id, m.head.scope) for m in own.macros] == [("personal/hi", "personal")]
    assert not own.look()
    (tmp_path / "macros" / "bad.md").write_text("---\ntitle: hi\n---\nhi {{ customer.nmae }}\n")
    assert own.look() and len(own.macros) == 1
    assert (own.problems[0].path, own.problems[0].line) == ("bad.md", 4)
    path.unlink()
    assert own.look() and not own.macros


# --- drafts --------------------------------------------------------------------------------------

VALUES = {"customer.name": "王女士", "order.no": "1234567890", "agent.name": "小李"}


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("王女士，订单1234567890已发", "{{ customer.name }}，订单{{ order.no }}已发"),
        ("订单号：20261122334455 已发", "订单号：{{ order.no }} 已发"),
        ("order no. 20261122334455 is on its way", "order no. {{ order.no }} is on its way"),
        ("我是小李", "我是{{ agent.name }}"),
        ("{% raw %}和{{ x", "{{ '{%' }} raw %}和{{ '{{' }} x"),
        ("12345678901", "12345678901"),
    ],
)
def test_what_was_written_becomes_a_template(text: str, body: str) -> None:
    assert drafting.body_of(text, VALUES) == body
    assert library.fill(macro("x", body=body), VALUES | {"order.no": "1234567890"}, {})


def test_a_latin_name_inside_a_word_stays() -> None:
    values = {"customer.name": "Tom", "agent.name": "Li"}
    body = drafting.body_of("Tom, tomorrow Tomas and AtTom", values)
    assert body == "{{ customer.name }}, tomorrow Tomas and AtTom"


@pytest.mark.parametrize(
    ("body", "title", "short"),
    [
        ("{{ customer.name }}，您好！运费由店铺承担。", "运费由店铺承担", "yfydpcd"),
        ("退货流程：先申请", "退货流程", "thlc"),
        ("Hi {{ customer.name }}, we pay the freight. Bye", "we pay the freight", "wptf"),
        ("好的", "好的", "hd"),
        ("对不起。是我们没做好：漏发了", "是我们没做好", "swmmzh"),
    ],
)
def test_a_title_and_a_short_name_are_proposed(body: str, title: str, short: str) -> None:
    assert drafting.title_of(body) == title
    assert drafting.short_of(title) == short
    assert drafting.short_of(title, {short}) == f"{short}2"


def test_every_order_of_the_customers_is_known_by_its_number() -> None:
    body = drafting.body_of("223104588921 签收了，888 没有", VALUES, ["223104588921"])
    assert body == "{{ order.no }} 签收了，888 没有"


# --- uses ----------------------------------------------------------------------------------------


def test_uses_are_counted_by_macro_and_agent() -> None:
    def use(key: str, author: str, count: int, last_at: int) -> Use:
        return Use(f"macro:{key}", author, count, last_at)

    month = [use("a", "li", 2, 50), use("a", "zhang", 5, 40), use("gone", "li", 9, 9)]
    ever = [*month, use("old", "li", 1, 7)]
    counted = stats.Counted([use("a", "li", 1, 50)], month, ever)
    macros = [macro("never"), macro("old", "valid: {to: 2026-11-21}"), macro("a")]
    found = stats.count(macros, counted, NOW.date())
    assert [(u.id, u.uses_7, u.uses_30, u.last_at, u.never, u.expired) for u in found] == [
        ("a", 1, 7, 50, False, ""),
        ("old", 0, 0, 7, False, "2026-11-21"),
        ("never", 0, 0, 0, True, ""),
    ]
    assert found[0].agents == {"zhang": 5, "li": 2}
    server = msgspec.structs.replace(counted, month_sums={"macro:a": 30, "macro:never": 1})
    assert [(u.id, u.uses_30) for u in stats.count(macros, server, NOW.date())][:2] == [
        ("a", 30),
        ("never", 1),
    ]


# --- placeholders --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "text", "body", "slots"),
    [
        (placeholders.LIQUID, "Hi {{contact.name}}", "Hi {{ customer.name }}", {}),
        (
            placeholders.LIQUID,
            "Hi {{ticket.requester.first_name | default: 'you'}}",
            'Hi {{ customer.name | default("you") }}',
            {},
        ),
        (
            placeholders.LIQUID,
            "{{ticket.ticket_field_360}} {{ ticket.id }}",
            "{{ ticket_ticket_field_360 }} {{ ticket_id }}",
            {"ticket_ticket_field_360": "ticket.ticket_field_360", "ticket_id": "ticket.id"},
        ),
        (
            placeholders.ZAMMAD,
            "#{ticket.customer.firstname}: #{ticket.number} {{x}}",
            "{{ customer.name }}: {{ ticket_number }} {{ '{{' }}x}}",
            {"ticket_number": "ticket.number"},
        ),
        (
            placeholders.SINGLE,
            "{nick} {operator} {plan}",
            "{{ customer.name }} {{ agent.name }} {{ plan }}",
            {"plan": "plan"},
        ),
    ],
)
def test_placeholders_are_mapped_and_unknown_ones_asked_for(
    form: re.Pattern[str], text: str, body: str, slots: dict[str, str]
) -> None:
    found, asked = placeholders.convert(text, form)
    assert (found, {name: slot.prompt for name, slot in asked.items()}) == (body, slots)
    head = msgspec.structs.replace(macro("x").head, ask=asked)
    library.checked("x", writing.text_of(head, found))


@given(st.text(st.sampled_from("{}%#|\\'\" a好\n."), max_size=40))
def test_no_text_is_lost_or_breaks_the_template(text: str) -> None:
    said = clean(text).strip()
    rendered = template.render(template.literal(said), {})
    assert rendered.strip() == said
    for form in (placeholders.ZAMMAD, placeholders.SINGLE, placeholders.LIQUID):
        try:
            body, asked = placeholders.convert(said, form)
        except Unfit:
            assert "{%" in said  # logic is refused, and told
            continue
        template.check(body, frozenset(asked))
        kept = form.sub("", said)
        assert set(kept) <= set(template.render(body, dict.fromkeys(asked, "?")) + "{}%#")


# --- lint ----------------------------------------------------------------------------------------


def told(root: Path) -> list[str]:
    lang.use("en")
    _, problems = linting.lint(root, datetime.date(2026, 11, 22))
    return [f"{'warning ' * each.warning}{each}" for each in problems]


def test_lint_names_places(tmp_path: Path) -> None:
    files = {
        "old": "valid: {to: 2026-11-13}",
        "chain": "lang: zh\nthen: [old, nowhere]",
        "f1": "flow: f\nstep: 1",
        "f1b": "flow: f\nstep: 1",
        "f3": "flow: f\nstep: 3",
        "pair": "key: F3\nactions: [{tag: a}]",
        "pair.en": "lang: en\nkey: F3",
        "lang.en": "tags: [x]",
        "slot": "ask:\n  no: {prompt: number}",
    }
    for name, head in files.items():
        (tmp_path / f"{name}.md").write_text(f"---\ntitle: {name}\n{head}\n---\ntext\n")
    assert told(tmp_path) == [
        "chain.md:4: then: there is no macro nowhere",
        "f1b.md:4: step 1 of f is f1.md:4 already",
        "f3.md:4: f (zh) has no step 2",
        "lang.en.md:1: its name says en, lang says zh",
        "warning old.md:3: expired since 2026-11-13",
        "warning pair.md:4: actions differs from pair.en.md:1",
        "warning slot.md:4: slot no is not in the text",
    ]


def test_one_key_may_mean_different_things_in_different_conditions(tmp_path: Path) -> None:
    for name, head in (("a", "when: {type: refund}"), ("b", "when: {type: order}"), ("c", "")):
        (tmp_path / f"{name}.md").write_text(f"---\ntitle: {name}\nkey: F3\n{head}\n---\ntext\n")
    assert told(tmp_path) == []
