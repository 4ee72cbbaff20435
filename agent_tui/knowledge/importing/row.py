"""What a source says about one article, before it becomes a file."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from agent_tui.knowledge.articles import lines_of, one_line
from agent_tui.lang import Both


class Row(msgspec.Struct, frozen=True):
    """One article as a source has it. None: the source says nothing about that."""

    place: str  # file and line, row or id: where a person finds it
    title: str
    body: str | None = None
    internal: str | None = None
    lang: str = ""  # in the source's own words: zh-CN, en_US, 中文
    category: str = ""  # may be a path
    questions: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    audience: str | None = None
    owner: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    id: str = ""  # its path below kb/, if the source has one
    source: str = ""  # what tells it from others in a foreign system: `zendesk:123`


class Skipped(msgspec.Struct, frozen=True):
    """Something that does not become an article."""

    place: str
    why: Both


# The names under which tables have these fields, without case, spaces, _ and -.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "编号", "編號", "路径", "path", "key"),
    "title": ("title", "标题", "標題", "名称", "名稱", "主题", "主題", "subject", "name"),
    "questions": (
        *("questions", "question", "问题", "問題", "问法", "問法", "相似问", "相似问题"),
        *("客户问法", "顾客问法", "相似問題"),
    ),
    "body": (
        *("body", "answer", "content", "text", "答案", "正文", "内容", "內容", "回答", "回复"),
        *("回覆", "话术", "話術", "reply", "response"),
    ),
    "internal": ("internal", "内部", "內部", "内部说明", "internalnote", "internalnotes"),
    "tags": ("tags", "tag", "labels", "标签", "標籤", "关键词", "關鍵字", "keywords"),
    "category": ("category", "分类", "分類", "类别", "類別", "类目", "目录", "section", "folder"),
    "lang": ("lang", "language", "locale", "语言", "語言", "语种"),
    "audience": ("audience", "可见范围", "受众", "公开"),
    "owner": ("owner", "负责人", "負責人", "author", "作者"),
    "valid_from": ("validfrom", "生效日期", "开始日期", "生效"),
    "valid_to": ("validto", "失效日期", "结束日期", "截止日期", "有效期至", "失效"),
    "source": ("source", "来源", "來源"),
    "status": ("status", "状态", "狀態"),
    "draft": ("draft", "草稿"),
}
_BY_NAME = {name: field for field, names in COLUMNS.items() for name in names}
_AUDIENCES = {
    "public": ("public", "公开", "客户", "all", "everyone", "是", "yes", "true"),
    "internal": ("internal", "内部", "agents", "坐席", "员工", "private", "否", "no", "false"),
}
_UNPUBLISHED = {
    "draft": Both("草稿", "a draft"),
    "草稿": Both("草稿", "a draft"),
    "0": Both("草稿", "a draft"),  # as Chatwoot numbers them
    "archived": Both("已归档", "archived"),
    "已归档": Both("已归档", "archived"),
    "2": Both("已归档", "archived"),
    "unpublished": Both("未发布", "not published"),
    "未发布": Both("未发布", "not published"),
    "停用": Both("已停用", "switched off"),
}
_SEPARATORS = {"questions": re.compile(r"[;；|｜]"), "tags": re.compile(r"[;；|｜,，、]")}
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y-%m-%d %H:%M:%S", "%Y%m%d")


class Unfit(Exception):
    """The row cannot become an article. Caught where rows are read; becomes Skipped."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.why = Both(zh, en)


def field_of(name: str) -> str:
    """The field that a column or key called `name` holds; empty for one that is not known."""
    plain = re.sub(r"[\s_\-（）():：]", "", unicodedata.normalize("NFKC", name)).casefold()
    return _BY_NAME.get(plain, "")


def of_fields(place: str, fields: Mapping[str, Any], **more: Any) -> Row:
    """A row of `fields` by the names of COLUMNS; values may be text, numbers or lists.

    `more` are fields of Row as they are. Raises Unfit for drafts and values that make no sense.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    refuse_unpublished(given.get("status"), given.get("draft"))
    texts = {
        name: one_line(_text(given[name]))
        for name in ("title", "lang", "category", "id", "source")
        if name in given
    }
    row = Row(
        place=place,
        **{"title": "", **texts},
        body=_text(given["body"]) if "body" in given else None,
        internal=_text(given["internal"]) if "internal" in given else None,
        questions=several("questions", given["questions"]) if "questions" in given else None,
        tags=several("tags", given["tags"]) if "tags" in given else None,
        audience=_audience(given),
        owner=one_line(_text(given["owner"])) if "owner" in given else None,
        valid_from=_day(given, "valid_from"),
        valid_to=_day(given, "valid_to"),
    )
    if row.id.isdecimal() and "source" not in given:
        # A number is no name for a file, but it tells the row from others the next time.
        row = msgspec.structs.replace(row, id="", source=f"table:{row.id}")
    row = msgspec.structs.replace(row, **more)
    if "title" not in given and row.questions:  # a table of questions and answers
        row = msgspec.structs.replace(row, title=row.questions[0], questions=row.questions[1:])
    if not row.title:
        raise Unfit("标题为空", "the title is empty")
    return row


def refuse_unpublished(status: object, draft: object) -> None:
    """Raises Unfit for what its source does not publish."""
    if draft is True or _text(draft).strip().casefold() in ("true", "1", "yes", "是"):
        raise Unfit("草稿", "a draft")
    why = _UNPUBLISHED.get(_text(status).strip().casefold())
    if why:
        raise Unfit(why.zh, why.en)


def language_of(said: str, default: str, text: str) -> str:
    """zh or en. Without a word from the source: `default`, else by the script of `text`.

    Raises Unfit for other languages.
    """
    word = said.strip().casefold()
    if word.startswith(("zh", "cn", "中", "简", "繁", "chinese")):
        return "zh"
    if word.startswith(("en", "英")):
        return "en"
    if word:
        raise Unfit(f"语言 {said}：只有 zh 和 en", f"language {said}: there are zh and en only")
    if default:
        return default
    return "zh" if re.search("[\u3400-\u9fff]", text) else "en"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return str(value)


def several(name: str, value: object) -> tuple[str, ...]:
    """A cell of several questions or tags: one a line, or on one line with separators."""
    if isinstance(value, list | tuple):
        return lines_of(map(_text, value))
    text = _text(value).replace("\r\n", "\n").replace("\r", "\n")
    parts: Iterable[str] = text.split("\n") if "\n" in text else _SEPARATORS[name].split(text)
    return lines_of(parts)


def _audience(given: Mapping[str, Any]) -> str | None:
    word = _text(given.get("audience")).strip().casefold()
    if not word:
        return None
    for audience, words in _AUDIENCES.items():
        if word in words:
            return audience
    raise Unfit(
        f"受众 {word}：只有 public 和 internal",
        f"audience {word}: there are public and internal only",
    )


def _day(given: Mapping[str, Any], name: str) -> str | None:
    if name not in given:
        return None
    text = _text(given[name]).strip()
    if not text:
        return ""
    for form in _DAYS:
        try:
            return datetime.datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007
        except ValueError:
            continue
    raise Unfit(f"日期 {text} 看不懂", f"{text} is not a date")
