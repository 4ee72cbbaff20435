"""Writes agent_tui/knowledge/data/han.txt: readings and simplified forms of Chinese characters.

    python -m tools.han

Readings come from pypinyin (MIT), simplified forms from OpenCC's table (Apache-2.0): facts about
characters. At run time neither is needed; both are in the `dev` extra.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from opencc import OpenCC
from pypinyin import Style, pinyin

TARGET = Path(__file__).resolve().parent.parent / "agent_tui" / "knowledge" / "data" / "han.txt"
RANGES = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF))  # unified ideographs, and extension A
# The usual word where a character has another reading than alone, as shop talk has them.
PHRASES = {
    "hang": "银行 行业 行家 招行 工行 建行 农行 同行价",
    "huan": "退还 归还 返还 还款 还清 偿还 还给 还书 交还 还原 还回",
    "chong": "重新 重复 重发 重拍 重庆 重下 重装 重置 重做 重寄 重试 重启 重补 重填 重叠 重写",
    "zhang": "成长 家长 店长 增长 队长 生长 长大 长高 校长 组长 班长",
    "tiao": "调整 调节 空调 调试 调解 协调 调价 调温 调味 调色 调休 调低 调高 调理",
    "yue": "音乐 乐器 乐谱",
    "kuai": "会计",
    "pian": "便宜",
    "zhao": "着急 着凉 着火",
    "zang": "西藏 藏区 藏族",
    "liao": "了解 了结",
    "xia": "厦门",
    "shi": "钥匙",
    "jiao": "校准 校对 睡觉 校正",
    "shen": "人参 海参",
    "ji": "供给 给予 系带",
    "di": "目的 的确",
    "du": "首都 成都 都市",
    "mu": "模样 模具",
    "shuai": "率先",
    "tan": "弹力 弹性 弹簧 弹窗",
    "chai": "出差",
    "xiang": "投降",
    "chu": "处理 处罚 处方 处置",
    "fen": "部分 成分 分量",
    "zuan": "钻石",
    "shan": "单先生 单女士 单小姐",
    "zeng": "曾先生 曾女士 曾小姐",
    "ou": "区先生 区女士 区小姐",
    "zhuo": "穿着 着装",
    "bo": "薄荷 薄弱",
    "dang": "当成 适当 妥当",
    "hao": "爱好",
    "gan": "干净 干燥 饼干 干洗 晾干 烘干 干货 干湿",
    "lei": "劳累 疲累",
    "jia": "假期 请假 休假",
}


def main() -> None:
    """Write the file."""
    by_syllable: dict[str, list[str]] = defaultdict(list)
    simplified: list[tuple[str, str]] = []
    convert = OpenCC("t2s").convert
    for first, last in RANGES:
        for code in range(first, last + 1):
            character = chr(code)
            reading = pinyin(character, style=Style.NORMAL, v_to_u=False, errors="ignore")
            if reading and reading[0][0].isascii():
                by_syllable[reading[0][0]].append(character)
            simple = convert(character)
            if simple != character and len(simple) == 1 and ord(simple) < 0x10000:
                simplified.append((character, simple))
    lines = ["# Made by tools/han.py. syllable, characters; = traditional, simplified; + phrases"]
    lines += [f"{each} {''.join(chars)}" for each, chars in sorted(by_syllable.items())]
    lines.append("= " + "".join(a for a, _ in simplified) + " " + "".join(b for _, b in simplified))
    for syllable, words in PHRASES.items():
        for word in words.split():
            at = _place(word, syllable)
            if word[at] not in by_syllable[syllable]:
                lines.append(f"+ {word} {at} {syllable}")
    TARGET.write_text("\n".join(lines) + "\n", "utf-8")


def _place(word: str, syllable: str) -> int:
    """Which character of `word` is read `syllable`: one of whose readings it is."""
    for at, character in enumerate(word):
        if syllable in pinyin(character, style=Style.NORMAL, heteronym=True)[0]:
            return at
    raise ValueError(f"{word}: no {syllable}")


if __name__ == "__main__":
    main()
