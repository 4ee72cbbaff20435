"""Knowledge and macro files: what parses, and errors that name the line."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_tui import frontmatter, lang, paths
from agent_tui.domain.model import Channel, Clock
from agent_tui.frontmatter import Malformed, Problem
from agent_tui.knowledge import articles, lint
from agent_tui.macros import library, linting, model, template
from agent_tui.macros.library import Library
from agent_tui.macros.model import Macro

NOW = datetime.datetime(2026, 11, 2, 10, 30)  # noqa: DTZ001 -- local time, as screens have it


def doc(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


def told(root: Path, lint: Callable[[Path], tuple[object, list[Problem]]]) -> list[str]:
    lang.use("en")
    return [str(problem) for problem in lint(root)[1]]


# --- front matter --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("no front matter", 1, "first line must be ---"),
        ("---\ntitle: x\n", 3, "closing --- is missing"),
        ("---\ntitle: [x\n---\n", 3, "bad YAML"),
        ("---\na: b\nvalid: {from: 2026-13-45}\n---\n", 1, "bad YAML: month must be in 1..12"),
        ("---\na: !!int x\n---\n", 1, "bad YAML"),
        ("---\n- a\n---\n", 1, "key: value"),
        ("---\n---\n", 1, "key: value"),
        ("", 1, "first line must be ---"),
    ],
)
def test_front_matter_errors(text: str, line: int, said: str) -> None:
    lang.use("en")
    with pytest.raises(Malformed, match=said) as caught:
        frontmatter.split(text)
    assert caught.value.line == line


def test_the_body_knows_the_line_it_starts_on() -> None:
    data, body, line = frontmatter.split("---\ntitle: x\n---\n\n\nfirst\n\nlast\n\n")
    assert (data, body, line) == ({"title": "x"}, "first\n\nlast", 6)


def test_one_bad_file_does_not_spoil_the_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "good.md").write_text("\ufeff---\r\ntitle: 好\r\n---\r\nbody\r\n", "utf-8")
    (tmp_path / "bytes.md").write_bytes(b"---\ntitle: \xff\n---\n")
    (tmp_path / "nul.md").write_bytes(b"---\ntitle: a\0\n---\n")
    (tmp_path / "big.md").write_bytes(b"---\n" + b"#" * 1_000_001)
    (tmp_path / "bad.md").write_text("---\ntitel: x\n---\n", "utf-8")
    found, problems = articles.load(tmp_path)
    assert [article.id for article in found] == ["sub/good"]
    assert {(problem.path, problem.line) for problem in problems} == {
        ("bytes.md", 0),
        ("nul.md", 0),
        ("big.md", 0),
        ("bad.md", 2),
    }


# --- articles ------------------------------------------------------------------------------------


def test_an_article() -> None:
    found = articles.parse(
        "delivery/when",
        doc("""
            ---
            title: 什么时候发货
            questions: [多久发货, 发货了吗]
            tags: [发货]
            valid: {from: 2026-11-01, to: 2026-11-13}
            owner: lee
            ---
            48 小时内。

            ## 内部
            看仓库看板。
            """),
    )
    assert found.body == "48 小时内。"
    assert found.internal == "看仓库看板。"
    assert found.category == "delivery"
    assert (found.valid_from, found.valid_to) == ("2026-11-01", "2026-11-13")
    assert found.questions == ("多久发货", "发货了吗")


@pytest.mark.parametrize(
    ("head", "line", "said"),
    [
        ("titel: x", 2, "titel"),
        ("title: ''", 2, "title is empty"),
        ("title: x\nlang: fr", 3, "lang: Invalid enum value 'fr'"),
        ("title: x\ntags: oops", 3, "tags: Expected `array`, got `str`"),
        ("title: x\nvalid: {from: soon}", 3, "valid"),
        ("title: x\naudience: all", 3, "audience"),
        ("lang: zh", 1, "missing required field `title`"),
    ],
)
def test_article_errors_name_the_line(head: str, line: int, said: str) -> None:
    lang.use("en")
    with pytest.raises(Malformed, match=said) as caught:
        articles.parse("x", f"---\n{head}\n---\nbody")
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("folder", "check", "at_least"),
    [("kb", lint.lint, 40), ("macros", linting.lint, 40)],
)
def test_the_shipped_content_is_clean_and_in_both_languages(
    folder: str, check: Callable[[Path], tuple[list[object], list[Problem]]], at_least: int
) -> None:
    found, problems = check(paths.shipped() / folder)
    assert [problem for problem in problems if not problem.warning] == []
    for language in ("zh", "en"):
        same = [x for x in found if getattr(getattr(x, "head", x), "lang") == language]  # noqa: B009
        assert len(same) >= at_least


# --- macros --------------------------------------------------------------------------------------


def macro(head: str = "", body: str = "好的", key: str = "x") -> Macro:
    return model.parse(key, f"---\ntitle: x\n{head}\n---\n{body}\n")


def checked(root: Path, head: str, body: str = "好的", name: str = "x") -> list[str]:
    (root / f"{name}.md").write_text(f"---\ntitle: x\n{head}\n---\n{body}\n", "utf-8")
    return told(root, linting.lint)


def test_a_macro() -> None:
    found = macro(
        doc("""
            key: F3
            short: thh
            scope: team:aftersale
            channels: [web, wecom]
            valid: {from: 2026-11-01, to: 2026-11-13, hours: "09:00-24:00"}
            ask:
              order_no: {prompt: 订单号, pattern: '^\\d{10,20}$', default: "{{ order.no }}"}
            actions: [{tag: 退换货}, {clock: return_review}, {status: pending}]
            after: next""")
    )
    assert found.head.channels == (Channel.WEB, Channel.WECOM)
    assert found.head.actions[1].clock is Clock.RETURN_REVIEW
    assert found.head.ask["order_no"].prompt == "订单号"


@pytest.mark.parametrize(
    ("head", "body", "line", "said"),
    [
        ("key: F1", "x", 3, "key is one of"),
        ("short: TH", "x", 3, "small letters"),
        ("scope: teem:x", "x", 3, "scope: all"),
        ('valid: {hours: "9-18"}', "x", 3, "hours is written"),
        ('valid: {hours: "18:00-09:00"}', "x", 3, "hours is written"),
        ("ask:\n  no: {prompt: p, pattern: '['}", "x", 4, "bad pattern"),
        ("ask:\n  no: {prompt: p, pattern: 'a{99999999999}'}", "x", 4, "bad pattern"),
        ("ask:\n  order: {prompt: p}", "x", 4, "no slot name"),
        ("ask:\n  Bad-Name: {prompt: p}", "x", 4, "no slot name"),
        ("actions: [{tag: a, untag: b}]", "x", 3, "one thing in each action"),
        ("actions: [{}]", "x", 3, "one thing in each action"),
        ("actions: [{status: gone}]", "x", 3, "actions"),
        ("kee: F3", "x", 3, "kee"),
        ("lang: zh", "", 5, "there is no text"),
        ("lang: zh", "a\n\n{{ customer.nme }}", 7, "did you mean customer.name?"),
        ("lang: zh", "\n\n{{ nobody }}", 7, "unknown variable nobody"),
        ("lang: zh", "a\n{{ x", 6, "bad template"),
        ("ask:\n  no: {prompt: p, default: '{{ ordr.no }}'}", "x", 4, "did you mean order.no?"),
    ],
)
def test_macro_errors_name_the_line(
    tmp_path: Path, head: str, body: str, line: int, said: str
) -> None:
    (problem,) = checked(tmp_path, head, body)
    assert problem.startswith(f"x.md:{line}: ")
    assert said in problem


def test_macro_lint_finds_double_keys_and_runs_the_tests_in_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: a\nkey: F3\nshort: q\n---\nx\n", "utf-8")
    (tmp_path / "b.en.md").write_text("---\ntitle: b\nlang: en\nkey: F3\n---\nx\n", "utf-8")
    (tmp_path / "c.md").write_text("---\ntitle: c\nkey: F3\nscope: team:x\n---\nx\n", "utf-8")
    head = "key: F3\nshort: q\ntests:\n  - given: {customer.name: 王}\n    expect: [王, 李]"
    assert checked(tmp_path, head, "{{ customer.name }}你好") == [
        "x.md:3: key F3 is a.md:3's",
        "x.md:4: short q is a.md:4's",
        "x.md:6: test 1: '李' is not in the result",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in range(10**9) %}x{% endfor %}",
        "{{ 'x' * 10**9 }}",
        "{{ 'x' ~ 'y' }}",
        "{{ customer.name() }}",
        "{{ ''.__class__ }}",
        "{{ customer['name'] }}",
        "{{ customer.name[0] }}",
        "{{ lipsum() }}",
        "{% set x = 1 %}",
        "{% macro a() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{{ customer.name | attr('x') }}",
        "{{ customer.name | replace('a', 'b') }}",
        "{{ customer.name | default('x') | center(10**9) }}",
        "{% if customer.name is divisibleby 3 %}{% endif %}",
        "{% if customer.name is nonsense %}{% endif %}",
        "{% if customer.name < 3 %}{% endif %}",
        "{% if 3 in customer.name %}{% endif %}",
        "{{ [1, 2] }}",
        "{{ {'a': 1} }}",
        "{{ 1 if customer.name else 2 }}",
        "{{ -1 }}",
        "{{ 2 ** 99999 }}",
        "{% call x() %}{% endcall %}",
        "{% filter upper %}{% endfilter %}",
        "{% block x %}{% endblock %}",
        "{% raw %}{{",
        "{{ x",
        "{% if %}",
    ],
)
def test_the_sandbox_takes_names_defaults_and_ifs_only(text: str) -> None:
    with pytest.raises(Malformed):
        template.check(text, frozenset())
    with pytest.raises(Malformed):
        template.render(text, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ customer.name }}好", "王女士好"),
        ("{{ order.no }}", "{{ order.no }}"),
        ("{{ order.no | default('无') }}", "无"),
        ("{{ customer.name | default('亲') }}", "王女士"),
        ("{{ customer.tier | upper }}", "{{ CUSTOMER.TIER }}"),
        ("{% if order.no %}a{% else %}b{% endif %}", "b"),
        ("{% if customer.name == '王女士' and not order.no %}a{% endif %}", "a"),
        ("{% if customer.name is defined %}a{% endif %}", "a"),
        ("{# note #}x", "x"),
    ],
)
def test_rendering(text: str, expected: str) -> None:
    template.check(text, frozenset())
    assert template.render(text, {"customer.name": "王女士", "order.no": ""}) == expected


def test_values_are_never_templates() -> None:
    text = template.render("{{ customer.name }}", {"customer.name": "{{ agent.name }}"})
    assert text == "{{ agent.name }}"
    assert template.open_slots(text) == [(0, 16)]


def test_a_rendered_macro_has_an_end() -> None:
    assert len(template.render("{{ x }}", {"x": "y" * 100_000})) == 20_000


def test_slots_are_filled_by_hand_by_default_or_stay_open() -> None:
    found = macro(
        "ask:\n  no: {prompt: p, default: '{{ order.no }}'}\n  item: {prompt: q}",
        "{{ no }} / {{ item }}",
    )
    values = {"order.no": "123"}
    assert library.slot_defaults(found, values) == {"no": "123", "item": ""}
    assert library.slot_defaults(found, {}) == {"no": "", "item": ""}
    assert library.fill(found, values, {"item": "杯子"}) == "123 / 杯子"
    half = library.fill(found, {}, {})
    assert half == "{{ no }} / {{ item }}"
    assert len(template.open_slots(half)) == 2


def test_slot_names_stay_out_of_the_variables_way() -> None:
    assert {name.split(".")[0] for name in template.VARIABLES} == model.RESERVED


# --- the library ---------------------------------------------------------------------------------


def source(key: str, head: str = "", body: str = "好的") -> tuple[str, str]:
    return key, f"---\ntitle: {key}\n{head}\n---\n{body}\n"


def test_a_library_holds_what_its_agent_may_use() -> None:
    found = Library.of_sources(
        [
            source("all"),
            source("own", "scope: team:after-sales"),
            source("others", "scope: team:logistics"),
            source("personal", "scope: personal"),
            ("broken", "---\n"),
        ],
        ["after-sales"],
    )
    assert sorted(found.all) == ["all", "own", "personal"]


def test_one_macro_a_group_in_the_customers_language() -> None:
    found = Library.of_sources(
        [
            source("greet", "lang: zh\nkey: F3\nshort: hy"),
            source("greet.en", "lang: en\nkey: F3\nshort: hello"),
            source("only.en", "lang: en\nkey: F4"),
        ],
        [],
    )

    def id_of(one: Macro | None) -> str | None:
        return one.id if one else None

    assert id_of(found.by_key("F3", "zh", NOW)) == "greet"
    assert id_of(found.by_key("F3", "en", NOW)) == "greet.en"
    assert id_of(found.by_key("F4", "zh", NOW)) == "only.en"
    assert id_of(found.by_key("F9", "zh", NOW)) is None
    # Whichever language's short name is typed, the customer gets theirs.
    assert id_of(found.by_short("hello", "zh", NOW)) == "greet"
    assert id_of(found.by_short("hy", "en", NOW)) == "greet.en"
    assert id_of(found.by_short("nope", "en", NOW)) is None


def test_a_teams_own_macro_goes_before_one_for_all() -> None:
    found = Library.of_sources(
        [source("a", "key: F3"), source("b", "key: F3\nscope: team:t")], ["t"]
    )
    chosen = found.by_key("F3", "zh", NOW)
    assert chosen is not None and chosen.id == "b"


@pytest.mark.parametrize(
    ("valid", "offered"),
    [
        ("{}", True),
        ("{from: 2026-11-02, to: 2026-11-02}", True),
        ("{from: 2026-11-03}", False),
        ("{to: 2026-11-01}", False),
        ('{hours: "10:30-10:31"}', True),
        ('{hours: "09:00-10:30"}', False),
        ('{hours: "00:00-24:00"}', True),
    ],
)
def test_a_macro_is_offered_in_its_window(valid: str, offered: bool) -> None:
    found = Library.of_sources([source("a", f"valid: {valid}\nkey: F3\nshort: a")], [])
    assert bool(found.offered("zh", NOW)) is offered
    assert bool(found.by_key("F3", "zh", NOW)) is offered
    assert bool(found.by_short("a", "zh", NOW)) is offered
