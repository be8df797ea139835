"""Lists of Chinese, Japanese and Korean users as Excel saves them, without the character set."""

import random
from collections.abc import Sequence

import pytest

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.charsets import NAMES
from fusion.users.read_list import read_list
from tests.users.staff import job, results, submitted, work
from tests.world import World

SIMPLIFIED = (
    "王小明 李伟 张敏 刘洋 陈静 杨秀英 赵磊 黄丽 周杰 吴艳 徐强 孙娟 马超 "
    "朱涛 胡明 郭霞 何平 林刚 高桂英 罗辉 欧阳修 诸葛亮 上海分公司 技术部 "
    "客户服务 会议室 财务处 销售一部 前台 总经理办公室"
)
TRADITIONAL = (
    "陳志明 林淑芬 黃美玲 張建宏 李俊傑 王雅婷 吳怡君 劉家豪 蔡冠宇 楊文雄 "
    "許秀英 鄭麗華 謝惠玲 洪玉珍 郭素月 總機 會議室 客服中心 業務部 歐陽娜娜 "
    "司馬光 人力資源處 台北分公司 曾國藩"
)
JAPANESE = (
    "山田太郎 佐藤花子 鈴木一郎 高橋健 田中美咲 渡辺翔 伊藤さくら 中村拓也 "
    "小林真由美 加藤ゆい 会議室 受付 営業部 総務課 ヤマダ ｻﾄｳﾊﾅｺ 東京支店 "
    "齋藤飛鳥 代表電話 データセンター 斉藤和義 技術サポート"
)
KOREAN = (
    "김철수 이영희 박민수 최지우 정우성 강동원 조인성 윤은혜 장동건 임수정 "
    "회의실 안내데스크 영업부 고객지원 한지민 오세훈 서태지 신민아 권상우 황정민 "
    "총무팀 서울지점 남궁민 제갈량 홍길동"
)

LISTS = {
    "cp932": JAPANESE.split(),
    "euc_jp": JAPANESE.split(),
    "gb18030": SIMPLIFIED.split(),
    "gbk": SIMPLIFIED.split(),
    "cp950": TRADITIONAL.split(),
    "cp949": KOREAN.split(),
    "euc_kr": KOREAN.split(),
    "cp1251": ["Иван Петров", "Мария Иванова", "Сергей Кузнецов", "Ольга Смирнова", "Пётр", "Ия"],
    "cp1253": ["Γιώργος Παπαδόπουλος", "Μαρία Ιωάννου", "Νίκος Δημητρίου", "Ελένη", "Άννα"],
    "cp1252": ["Müller Jürgen", "Peña José", "Gonçalves João", "Åsa Öberg", "Günther Groß"],
    "cp1250": ["Łukasz Wójcik", "Dvořák Jiří", "Małgorzata Żółć", "Čapek Šárka"],
    "cp1254": ["Şükrü Öztürk", "Çağla Yıldız", "İbrahim Gül", "Ayşe Güneş", "Özgür Işık"],
    "koi8-r": ["Иван Петров", "Мария Иванова", "Сергей Кузнецов", "Ольга Смирнова", "Пётр"],
    "cp866": ["Иван Петров", "Мария Иванова", "Сергей Кузнецов", "Ольга Смирнова", "Пётр"],
}
"""Character set → names that people write in it."""

REFUSALS = "is not valid UTF-8 in line|may have the character set "


def file_of(names: Sequence[str], charset: str, separator: str = ",") -> bytes:
    """A list of these names."""
    lines = [f"u{i}{separator}{name}\r\n" for i, name in enumerate(names)]
    return f"login{separator}display_name\r\n{''.join(lines)}".encode(charset)


def names_in(content: bytes) -> list[str]:
    return [row.content["display_name"] for row in read_list(content).rows]


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("cp932", "Shift_JIS"),
        ("gb18030", "GB18030"),
        ("gbk", "GB18030"),
        ("cp950", "Big5"),
        ("cp949", "EUC-KR"),
    ],
)
def test_a_list_of_people_is_read(charset: str, name: str) -> None:
    for separator in (",", ";", "\t"):
        listed = read_list(file_of(LISTS[charset], charset, separator))
        assert [row.content["display_name"] for row in listed.rows] == LISTS[charset]
        assert (listed.source["charset"], listed.source["assumed"]) == (name, True)


@pytest.mark.parametrize("charset", LISTS)
def test_a_list_is_never_read_as_other_names(charset: str) -> None:
    """Whatever part of it: right, or refused with what to do."""
    chance = random.Random(charset)
    read = 0
    for _ in range(60):
        names = chance.sample(LISTS[charset], chance.randint(3, 4))
        content = file_of(names, charset)
        try:
            assert names_in(content) == names
            read += 1
        except InvalidFields as refused:
            assert any(each in refused.detail for each in REFUSALS.split("|")), refused.detail
            assert "save the file as UTF-8" in refused.detail
    assert read >= (0 if charset in ("koi8-r", "cp866") else 20)


@pytest.mark.parametrize("charset", LISTS)
def test_a_single_name_is_read_right_or_refused(charset: str) -> None:
    wrong = []
    for name in LISTS[charset]:
        try:
            if names_in(file_of([name], charset)) != [name]:
                wrong.append(name)
        except InvalidFields as refused:
            assert "save the file as UTF-8" in refused.detail
    # With one short name, valid UTF-8 and words of a western language are taken for what they are.
    assert len(wrong) <= 0.2 * len(LISTS[charset]), wrong


@pytest.mark.parametrize("charset", ["cp932", "euc_jp", "gb18030", "cp950", "cp949"])
def test_a_broken_file_is_refused(charset: str) -> None:
    """A byte that is valid in European sets only does not make the others European letters."""
    chance = random.Random(charset)
    wrong = 0
    for _ in range(40):
        names = chance.sample(LISTS[charset], 5)
        try:
            read_list(file_of(names, charset) + b"x,\x81\r\n")
            wrong += 1
        except InvalidFields as refused:
            assert "save the file as UTF-8" in refused.detail
    assert wrong <= 2


def test_what_cannot_be_told_apart_is_said() -> None:
    with pytest.raises(InvalidFields) as refused:
        read_list(file_of(["ИВАН"], "cp1251"))
    assert "may have the character set Windows-1251 or " in refused.value.detail
    assert names_in(file_of(["ИВАН", "ПЕТР", "МАРИЯ", "ОЛЬГА"], "cp1251"))[2] == "МАРИЯ"
    assert names_in(file_of(["ИВАН"], "utf-8")) == ["ИВАН"]


@pytest.mark.parametrize("label", ["shift_jis", "windows-31j", "gbk", "gb2312", "big5", "euc-kr"])
def test_a_named_character_set_is_taken(world: World, label: str) -> None:
    name = {"b": "王大", "g": "王大", "e": "김"}.get(label[0], "山田")
    content = file_of([name], {"windows-31j": "cp932"}.get(label, label))
    id = submitted(world, content, f"text/csv; charset={label}")
    work()
    [result] = results(world, id)
    assert result["user"]["display_name"] == name
    source = job(world, id)["source"]
    assert source["charset"] in NAMES.values() and not source["assumed"]
