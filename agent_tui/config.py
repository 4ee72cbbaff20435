"""config.toml: one commented file for both sides, strict, with defaults for everything."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from agent_tui import misfits, toml_lines
from agent_tui.domain.plan import CalendarError, Plan, PlanError
from agent_tui.domain.policy import Policy
from agent_tui.domain.rules import Rule
from agent_tui.domain.staffing import Giving, Routing
from agent_tui.errors import ConfigError
from agent_tui.lang import Both
from agent_tui.settings.base import Section, meta
from agent_tui.settings.files import Files
from agent_tui.settings.mail import MailIn
from agent_tui.settings.server import Limits, Orders, Outgoing, Server, Shop
from agent_tui.settings.workstation import Completion, Guards, Interface, Semantic, Told

if TYPE_CHECKING:
    from agent_tui.domain.rule_checks import RulesError


class Config(Section, frozen=True):
    """All of config.toml."""

    shop: Shop = Shop()
    server: Server = Server()
    policy: Policy = Policy()
    limits: Limits = Limits()
    outgoing: Outgoing = Outgoing()
    mail: MailIn = MailIn()
    files: Files = Files()
    orders: Orders = Orders()
    interface: Interface = Interface()
    told: Told = Told()
    guards: Guards = Guards()
    completion: Completion = Completion()
    semantic: Semantic = Semantic()
    keys: Annotated[
        dict[str, str],
        meta('按键：意图 = "键"，见 agent-tui keys', 'intent = "key"; see `agent-tui keys`'),
    ] = msgspec.field(default_factory=dict)
    letters: Annotated[
        dict[str, str],
        meta(
            '列表里的字母：意图 = "x,gg"，空字符串为不用',
            'letters of the list: intent = "x,gg"; an empty string takes them away',
        ),
    ] = msgspec.field(default_factory=dict)
    routing: Giving = Giving()
    rules: Annotated[
        tuple[Rule, ...],
        meta("问题分类规则", "rules that tell a question's type"),
    ] = ()

    @property
    def sorting(self) -> Routing:
        """How conversations are sorted and given out, rules included, as it is published."""
        return Routing(**msgspec.structs.asdict(self.routing), rules=self.rules)


_AT_LINE = re.compile(r"\(at line (\d+),")


def load(path: Path | None) -> Config:
    """The configuration in `path`; defaults if it is None or does not exist.

    Raises ConfigError, naming file, path and the nearest known key, if the file is not TOML, has an
    unknown key, a value of the wrong type, or rules that cannot be meant so.
    """
    if path is None or not path.exists():
        return Config()
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            Both(f"读不了 {path}", f"cannot read {path}"),
            Both(str(error.strerror), str(error.strerror)),
        ) from error
    try:
        text = raw.decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _no_toml(path, line, Both("不是 UTF-8 文字", "no UTF-8 text")) from error
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        place = _AT_LINE.search(said)
        line = int(place[1]) if place is not None else raw.count(b"\n") + 1  # "at end of document"
        raise _no_toml(path, line, Both(said, said)) from error
    return parse(data, str(path), text)


def _no_toml(path: Path, line: int, why: Both) -> ConfigError:
    place = f"{path}:{line}: "
    return ConfigError(
        Both(f"{place}不是有效的 TOML：{why.zh}", f"{place}not valid TOML: {why.en}"),
        Both("修改这一行", "mend the line"),
    )


def parse(data: dict[str, Any], source: str, text: str = "") -> Config:
    """A Config from parsed TOML; `source` names it in errors, `text` gives the line of the place.

    Raises ConfigError.
    """
    try:
        config = msgspec.convert(data, Config)
    except msgspec.ValidationError as error:
        raise _explain(error, source, text, data) from None
    if config.rules:
        from agent_tui.domain import rule_checks

        wrong = next((each for each in rule_checks.check(config.rules) if not each.warning), None)
        if wrong is not None:
            raise refusal(wrong, source, text)
    try:
        Plan(config.sorting)
    except (PlanError, CalendarError) as error:
        raise refusal(error, source, text) from None
    return config


def refusal(
    wrong: RulesError | PlanError | CalendarError, source: str, text: str = ""
) -> ConfigError:
    """What is wrong with the rules, as an error that names file, line and place."""
    at = f"{_named(source, text, wrong.place)}: {wrong.place}: "
    return ConfigError(Both(at + wrong.what.zh, at + wrong.what.en), wrong.hint)


def _named(source: str, text: str, place: str) -> str:
    """`source`, with the line if it is known."""
    line = toml_lines.line_of(text, place)
    return f"{source}:{line}" if line else source


def _explain(
    error: msgspec.ValidationError, source: str, text: str, data: dict[str, Any]
) -> ConfigError:
    message = str(error)

    def fails(data: Any) -> bool:
        try:
            msgspec.convert(data, Config)
        except msgspec.ValidationError as again:
            return str(again) == message
        return False

    place = misfits.whole(misfits.place(message), data, fails)
    key = misfits.unknown(message)
    if not key:
        source = _named(source, text, place)
        what = misfits.explained(message, Config)
        return ConfigError(
            Both(f"{source}：{place}：{what.zh}", f"{source}: {place}: {what.en}"),
            Both(
                "改成所说的类型或范围；docs/config.md 列出全部设置",
                "use the type and range it names; docs/config.md lists every setting",
            ),
        )
    name = f"{place}.{key}" if place else key
    source = _named(source, text, name)
    near = misfits.nearest(key, misfits.fields(Config, misfits.place(message)))
    hint = (
        Both(f"是不是 {near}？", f"did you mean {near}?")
        if near
        else Both(
            "删掉它；docs/config.md 列出全部设置",
            "remove it; docs/config.md lists every setting",
        )
    )
    return ConfigError(Both(f"{source}：没有设置项 {name}", f"{source}: unknown key {name}"), hint)
