"""The character set of a Chinese, Japanese or Korean text file that does not name it.

Excel saves CSV in the character set of the computer's language, and many bytes are valid in several
of them. Each set is judged by how probable its characters are: those that names have, those that
the language uses, and rare ones. The most probable one is assumed if no other is nearly as
probable; else the file is refused, because nobody could tell which names it has.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fusion.kernel.sheets.decoding import is_valid

WORD = re.compile(r"[^\W\d_]+")

MOST_MIXED = 0.2
"""Share of the words that may have Latin letters among others, such as `A社`."""

DAMAGED = "\ufffd"

READ = 65_536
"""Bytes that are judged."""

MARGIN = math.log(1_000)
"""How many times as probable as any other set, and as any characters, the assumed one must be."""

USUAL = 0.9
"""Share of the characters beyond ASCII that must be usual ones of the language."""


@dataclass(frozen=True, slots=True)
class _Area:
    """Characters of a set that are about equally probable."""

    probability: float
    count: int
    usual: bool = True

    @property
    def logarithm(self) -> float:
        """Of the probability of one of them."""
        return math.log(self.probability / self.count)


SIMPLIFIED = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏"
    "魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛"
    "郝龚邵万钱严伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文玉红建国志海春雪小大晓东亮"
    "峰宇欣佳嘉思雨子梓"
)
TRADITIONAL = (
    "陳林黃張李王吳劉蔡楊許鄭謝洪郭邱曾廖賴徐周葉蘇莊呂江何蕭羅高潘簡朱鍾游彭詹胡施沈余盧梁趙"
    "顏柯翁魏孫戴范方宋鄧杜傅侯曹薛丁卓阮馬董溫唐藍石蔣古紀姚連馮歐程湯黎白田涂鄒巫尤康姜志明"
    "淑芬美玲建宏俊傑雅婷怡君家豪冠宇文雄秀英麗華惠玉珍素月金龍國榮智偉佳穎欣小大"
)
JAPANESE = (
    "山田中村川本木林藤佐伊高小大井上下野原石松橋清水池前後長谷西東北南島森岡内部近遠金竹福坂"
    "宮和平増加斎斉渡辺邊吉安青阿久保新今千葉三浦岩菅丸土一二太郎次子美花健翔拓也真由香恵幸樹"
    "浩裕介明正義アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨ"
    "ラリルレロワンーガギグゲゴザジズゼゾダデドバビブベボパピプペポァィゥェォャュョッあいうえ"
    "おかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをんがぎ"
    "ぐげござじずぜぞだでどばびぶべぼぱぴぷぺぽ"
)
KOREAN = (
    "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민나진지엄"
    "채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모영수철희경순미숙자준호상"
    "훈재은혜아빈예동규태건승용광일종범근환욱섭덕창화란혁찬율린봄별솔"
)

NAMES: Mapping[str, str] = {
    "gb18030": SIMPLIFIED,
    "cp950": TRADITIONAL,
    "cp932": JAPANESE,
    "euc_jp": JAPANESE,
    "cp949": KOREAN,
}
"""Python's name of a character set → characters that many names of its language have."""

Areas = Callable[[bytes], _Area]

_SIGNS = _Area(0.02, 700)
_NAMED = 0.6
"""Probability that a character is one of `NAMES`."""


def _simplified(code: bytes) -> _Area:
    """Of GB 18030: signs, the two levels of GB 2312, and all others."""
    lead, trail = code[0], code[1]
    if len(code) == 2 and trail >= 0xA1:
        if 0xB0 <= lead <= 0xD7:
            return _Area(0.33, 3755)
        if 0xD8 <= lead <= 0xF7:
            return _Area(0.04, 3008, usual=False)
        if 0xA1 <= lead <= 0xA9:
            return _SIGNS
    return _Area(0.005, 15_000, usual=False)


def _traditional(code: bytes) -> _Area:
    """Of Big5: signs, its two levels, and all others."""
    value = int.from_bytes(code[:2])
    if 0xA440 <= value <= 0xC67E:
        return _Area(0.34, 5401)
    if 0xC940 <= value <= 0xF9D5:
        return _Area(0.035, 7652, usual=False)
    return _SIGNS if 0xA140 <= value <= 0xA3BF else _Area(0.005, 1000, usual=False)


def _japanese(code: bytes) -> _Area:
    """Of Shift-JIS: half-width kana, signs and letters, the two levels of kanji, and all others."""
    if len(code) == 1:
        return _Area(0.05, 63)
    value = int.from_bytes(code[:2])
    if 0x889F <= value <= 0x9872:
        return _Area(0.3, 2965)
    if 0x989F <= value <= 0xEAA4:
        return _Area(0.02, 3390, usual=False)
    return _Area(0.03, 500) if 0x8140 <= value <= 0x84BE else _Area(0.005, 500, usual=False)


def _japanese_of_unix(code: bytes) -> _Area:
    """Of EUC-JP: the same as those of Shift-JIS."""
    lead = code[0]
    if lead == 0x8E:
        return _Area(0.05, 63)
    if 0xB0 <= lead <= 0xCF:
        return _Area(0.3, 2965)
    if 0xD0 <= lead <= 0xF4:
        return _Area(0.02, 3390, usual=False)
    return _Area(0.03, 500) if 0xA1 <= lead <= 0xA8 else _Area(0.005, 6000, usual=False)


def _korean(code: bytes) -> _Area:
    """Of KS X 1001: Hangul, signs, Hanja; and all other Hangul."""
    lead, trail = code[0], code[-1]
    if trail >= 0xA1:
        if 0xB0 <= lead <= 0xC8:
            return _Area(0.36, 2350)
        if lead >= 0xCA:
            return _Area(0.015, 4888, usual=False)
        if 0xA1 <= lead <= 0xAC:
            return _SIGNS
    return _Area(0.005, 8822, usual=False)


AREAS: Mapping[str, Areas] = {
    "cp932": _japanese,
    "gb18030": _simplified,
    "cp950": _traditional,
    "euc_jp": _japanese_of_unix,
    "cp949": _korean,
}


def is_half_width(content: bytes, encoding: str) -> bool:
    """Whether the letters are half-width kana only: any two bytes of other sets may be such."""
    return encoding == "cp932" and all(
        each.isascii() or "\uff61" <= each <= "\uff9f"
        for each in content[:READ].decode(encoding, "replace")
    )


@dataclass(frozen=True, slots=True)
class EastAsian:
    """The sets in which the text may be, whether or not its words are likely; and those in which
    they are: one if it is clear, none if it is in none.
    """

    possible: list[str]
    likely: list[str]


def east_asian_charsets(content: bytes) -> EastAsian:
    """The Chinese, Japanese and Korean character sets in which the text may be."""
    sample = content if len(content) <= READ else content[: content.rfind(b"\n", 0, READ) + 1]
    found = {encoding: _judged(encoding, sample) for encoding in AREAS}
    possible = [each for each, judged in found.items() if judged and is_valid(content, each)]
    likely = {
        each: judged.logarithm
        for each in possible
        if (judged := found[each]) and judged.logarithm > judged.noise + MARGIN
    }
    best = max(likely.values(), default=0.0)
    return EastAsian(possible, [each for each in likely if likely[each] > best - MARGIN])


@dataclass(frozen=True, slots=True)
class _Judged:
    """The logarithms of the probability of the text in a set, and of any text of so many letters:
    bytes of other texts may be such.
    """

    logarithm: float
    noise: float


def _is_mixed(text: str) -> bool:
    words = [word for word in WORD.findall(text) if not word.isascii()]
    mixed = sum(any(letter.isascii() for letter in word) for word in words)
    return mixed > MOST_MIXED * len(words)


def resembles_east_asian(content: bytes) -> bool:
    """Whether the text would be in one of the sets but for a few damaged characters."""
    return any(_judged(encoding, content[:READ], "replace") for encoding in AREAS)


def _judged(encoding: str, sample: bytes, errors: str = "strict") -> _Judged | None:
    """How probable the text is in this set; None if it is not valid there, or no words."""
    try:
        text = sample.decode(encoding, errors)
    except UnicodeDecodeError:
        return None
    if _is_mixed(text):
        return None
    counts = Counter(text)
    names = NAMES[encoding]
    total = usual = 0
    logarithm = noise = 0.0
    for character, count in counts.items():
        if character.isascii():
            continue
        if character == DAMAGED:
            total += count
            continue
        code = character.encode(encoding)
        area = AREAS[encoding](code)
        # A single byte says nothing: every byte is half-width kana.
        noise += count * (area.logarithm if len(code) == 1 else -math.log(area.count))
        if character in names:
            area = _Area(_NAMED, len(names))
        total += count
        usual += count * area.usual
        logarithm += count * area.logarithm
    return _Judged(logarithm, noise) if total and usual >= USUAL * total else None
