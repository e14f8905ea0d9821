import pytest

from workbench.data.encoding import decode
from workbench.errors import DataError

CHINESE = "text,label\n这家酒店的服务非常好，下次还会再来,正面\n房间又小又脏，再也不来了,负面\n"
TAIWANESE = "text,label\n這家飯店的服務非常好，下次還會再來,正面\n房間又小又髒，再也不來了,負面\n"
JAPANESE = "text,label\nこのホテルのサービスはとても良かったです,良い\n部屋が狭くて汚い,悪い\n"
KOREAN = "text,label\n이 호텔의 서비스는 매우 좋았습니다,긍정\n방이 작고 더럽습니다,부정\n"
FRENCH = "text,label\nLe service était très agréable, déjà réservé,pos\nC’est trop cher…,neg\n"
RUSSIAN = "text,label\nОчень хороший отель,pos\nУжасное обслуживание,neg\n"


@pytest.mark.parametrize(
    ("text", "written_in", "named"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8-sig"),
        (CHINESE, "utf-16", "utf-16"),
        (CHINESE, "utf-32", "utf-32"),
        (CHINESE, "gbk", "gb18030"),
        (CHINESE, "gb18030", "gb18030"),
        (TAIWANESE, "big5", "big5"),
        (JAPANESE, "shift_jis", "cp932"),
        (JAPANESE, "euc_jp", "euc_jp"),
        (KOREAN, "cp949", "cp949"),
        (FRENCH, "cp1252", "cp1252"),
        (RUSSIAN, "cp1251", "cp1251"),
        ("text,label\nOnly £5 today,ham\n", "cp1252", "cp1252"),
        ("text,label\nplain words,ham\n", "utf-16-le", "utf-16-le"),
        ("text,label\nplain words,ham\n", "utf-16-be", "utf-16-be"),
    ],
)
def test_the_encoding_is_detected_and_the_text_comes_back_whole(text, written_in, named):
    decoded = decode(text.encode(written_in), "auto", "f.csv")
    assert (decoded.encoding, decoded.text, decoded.notes) == (named, text, [])


def test_a_big_endian_mark_is_followed():
    assert decode(b"\xfe\xff\x00h\x00i", "auto", "f.txt").text == "hi"


def test_a_few_spoilt_bytes_do_not_turn_utf8_into_something_else():
    raw = (CHINESE * 20).encode()
    spoilt = raw[:500] + b"\xff" + raw[500:]
    decoded = decode(spoilt, "auto", "f.csv")
    assert decoded.encoding == "utf-8"
    assert decoded.notes == [
        f"Bytes that are not valid utf-8 and were replaced by �: {decoded.text.count('�')}, "
        f"the first on line {decoded.text[: decoded.text.index('�')].count(chr(10)) + 1}."
    ]


def test_bytes_that_fit_no_encoding_are_replaced_and_counted():
    decoded = decode(b"text,label\r\ncars \xff\x81 no\x98,neg\r\n", "auto", "f.csv")
    assert decoded.text == "text,label\r\ncars �� no�,neg\r\n"
    assert decoded.notes == [
        "Bytes that are not valid utf-8 and were replaced by �: 3, the first on line 2."
    ]


def test_a_wrong_encoding_that_was_named_is_an_error_with_the_line_and_the_right_one():
    with pytest.raises(DataError) as caught:
        decode(CHINESE.encode("gb18030"), "utf-8", "hotel.csv")
    assert str(caught.value) == (
        "hotel.csv is not utf-8: the byte 0xd5 on line 2 does not fit; "
        "set data.encoding to auto or to gb18030"
    )


@pytest.mark.parametrize("name", ["utf-9", "klingon", "base64", "a\0b"])
def test_an_unknown_encoding_is_an_error(name):
    with pytest.raises(
        DataError, match=r"^data\.encoding: no such encoding .*; set it to auto, utf-8"
    ):
        decode(b"text", name, "f.csv")


def test_a_named_encoding_is_used_and_a_byte_order_mark_taken_off():
    assert decode("\ufeffhé".encode(), "utf-8", "f").text == "hé"
    assert decode("hé".encode("mac_roman"), "mac_roman", "f").text == "hé"


def test_utf8_read_as_something_else_because_set_so_is_noted():
    decoded = decode("£5, déjà".encode(), "cp1252", "f.csv")
    assert decoded.notes[-1] == (
        "Read as cp1252, as set, but the file is valid UTF-8; if texts look wrong, set the "
        "encoding to auto."
    )


def test_text_garbled_before_it_was_saved_is_noted():
    text = "it’s déjà vu".encode().decode("cp1252", "replace")
    notes = decode(text.encode(), "auto", "f.csv").notes
    assert notes == ["Characters that were garbled before the file was saved, such as “â€™”: 3."]


def test_a_file_that_is_no_text_is_an_error():
    with pytest.raises(DataError, match=r"^photo\.csv is not a text file; give csv, tsv"):
        decode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "auto", "photo.csv")


def test_where_two_encodings_fit_nearly_alike_both_are_named_with_a_line_of_each():
    raw = "text,label\nil caffè è buono,pos\nquestione\n".encode("cp1252")
    decoded = decode(raw, "auto", "f.csv")
    assert decoded.encoding == "cp1252"
    assert "caffè è" in decoded.text
    (note,) = decoded.notes
    assert "cp1252 (“il caffè è buono,pos”)" in note
    assert "caffč č" in note
    assert "set data.encoding" in note
