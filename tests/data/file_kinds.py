"""Small files of every kind that people have, and what each is to be read as.

A case builds its files in a folder. What is expected is written down from the case itself: how
many rows, which columns play which role, which labels, a first text, words of a note.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TEXTS = [
    f"The {what} at number {n} was {how}"
    for n, (what, how) in enumerate(
        (what, how)
        for what in ("harbour", "library", "old mill", "tea room", "bakery", "ferry")
        for how in ("calm and bright", "cold, loud and dirty")
    )
]
GOOD = ["good" if "calm" in text else "bad" for text in TEXTS]
ROWS = list(zip(TEXTS, GOOD, strict=True))
COUNT = len(ROWS)

CLASSIFY, TAG, WRITE = "text-classification", "token-classification", "text-generation"


@dataclass(frozen=True)
class Case:
    """A file, and what it is to be read as; `refused` are words of the refusal instead."""

    kind: str
    name: str
    build: Callable[[Path], str]
    task: str = CLASSIFY
    options: dict[str, Any] = field(default_factory=dict)
    rows: int = COUNT
    columns: dict[str, Any] | None = None
    labels: list[str] | None = None
    first: Any = None
    notes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


CASES: list[Case] = []


def case(kind: str, name: str, content: Any, file: str = "f.csv", **expected: Any) -> None:
    """Add a case: `content` is text, bytes, or a function that builds files in a folder."""

    def build(folder: Path) -> str:
        if callable(content):
            return str(content(folder) or folder)
        path = folder / file
        raw = content if isinstance(content, bytes) else content.encode("utf-8")
        path.write_bytes(raw)
        return str(path)

    CASES.append(Case(kind, name, build, **expected))


def table(mark: str = ",", header: str = "text,label", quote: str = '"') -> str:
    """Return the rows as delimited text."""

    def cell(text: str) -> str:
        return f"{quote}{text}{quote}" if mark in text or "," in text else text

    head = [header.replace(",", mark)] if header else []
    return "\n".join([*head, *(f"{cell(a)}{mark}{b}" for a, b in ROWS)]) + "\n"


def lines(records: list[Any]) -> str:
    """Return records as JSON lines."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


PLAIN = table()
BOTH = {"text": "text", "label": "label"}

# Names, containers and folders


def zipped(members: dict[str, str]) -> bytes:
    """Return a zip archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()


def tarred(members: dict[str, str], mode: str = "w:gz") -> bytes:
    """Return a tar archive."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            archive.addfile(info, io.BytesIO(content.encode()))
    return held.getvalue()


for end, packed in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)):
    case("archives", f"csv.{end}", packed(PLAIN.encode()), f"f.csv.{end}", columns=BOTH)
case("archives", "zip", zipped({"in/f.csv": PLAIN, "__MACOSX/._f.csv": "x"}), "f.zip", columns=BOTH)
case("archives", "zip of splits", zipped({"train.csv": PLAIN, "test.csv": PLAIN}), "f.zip",
     rows=2 * COUNT, notes=("test",))  # fmt: skip
for mode, name in (("w", "f.tar"), ("w:gz", "f.tgz"), ("w:bz2", "f.tar.bz2"), ("w:xz", "f.txz")):
    case("archives", name, tarred({"a/b/f.csv": PLAIN}, mode), name, columns=BOTH)
case("archives", "zip that leads out", zipped({"../f.csv": PLAIN}), "f.zip",
     refused=("outside its own folder", "../f.csv"))  # fmt: skip
case("archives", "tar that leads out", tarred({"/tmp/f.csv": PLAIN}), "f.tgz",
     refused=("outside its own folder",))  # fmt: skip
case("archives", "a damaged zip", zipped({"f.csv": PLAIN})[:60], "f.zip",
     refused=("is a damaged archive",))  # fmt: skip
case(
    "archives",
    "git-lfs pointer",
    "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 77\n",
    "f.parquet",
    refused=("git-lfs pointer to a file of 77 bytes", "git lfs pull --include f.parquet"),
)
case(
    "archives",
    "git-annex pointer",
    "/annex/objects/MD5E-s7--ab.csv\n",
    refused=("git-annex pointer", "git annex get f.csv"),
)
case("archives", "a page called csv", "<!DOCTYPE html><html><body>Sign in</body></html>",
     refused=("is a page of HTML or XML",))  # fmt: skip


def arrow_stream(folder: Path) -> Path:
    """Write a table as the datasets library caches it, with class names."""
    made = labelled().data.table
    import pyarrow

    path = str(folder / "f.arrow")
    with pyarrow.OSFile(path, "wb") as out, pyarrow.ipc.new_stream(out, made.schema) as writer:
        writer.write_table(made)
    return folder / "f.arrow"


def labelled() -> Any:
    """Return the rows as a dataset with a ClassLabel."""
    from datasets import ClassLabel, Dataset, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["poor", "fine"])})
    held = {"text": TEXTS, "label": [int(one == "good") for one in GOOD]}
    return Dataset.from_dict(held, features=features)


def saved(folder: Path) -> Path:
    """Write a dictionary of splits by `save_to_disk`."""
    from datasets import DatasetDict

    made = labelled()
    DatasetDict({"train": made, "test": made.select(range(4))}).save_to_disk(str(folder / "d"))
    return folder / "d"


def saved_one(folder: Path) -> Path:
    """Write one split by `save_to_disk`."""
    labelled().save_to_disk(str(folder / "d"))
    return folder / "d"


def feather(folder: Path) -> Path:
    """Write a table in the feather format."""
    import pandas

    pandas.DataFrame(ROWS, columns=["text", "label"]).to_feather(folder / "f.feather")
    return folder / "f.feather"


def parquet(folder: Path) -> Path:
    """Write a parquet file with class names in a list, as tags are."""
    from datasets import ClassLabel, Dataset, Features, List, Value

    features = Features(
        {"words": List(Value("string")), "ner_tags": List(ClassLabel(names=["O", "B-X", "I-X"]))}
    )
    words = [text.split() for text in TEXTS]
    tags = [[0, 1, *[0] * (len(own) - 2)] for own in words]
    path = folder / "f.parquet"
    Dataset.from_dict({"words": words, "ner_tags": tags}, features=features).to_parquet(path)
    return path


CARD = """---
configs:
- config_name: {first}
  data_files:
  - split: train
    path: "{one}/*.csv"
  - split: test
    path: "{two}.csv"
{more}---
# A set
"""
OTHER = "- config_name: other\n  data_files: two.csv\n"


def carded(more: str = "", first: str = "default", part: str = "") -> Callable[[Path], str]:
    """Return a folder with a data card."""

    def build(folder: Path) -> str:
        card = CARD.format(first=first, one="rows", two="two", more=more)
        write(folder / "set", {"README.md": card, "rows/a.csv": PLAIN, "two.csv": PLAIN})
        return f"{folder / 'set'}{part}"

    return build


def by_class(top: tuple[str, ...], end: str = ".txt") -> Callable[[Path], None]:
    """Return folders of documents, a folder a class."""

    def build(folder: Path) -> None:
        for split in top:
            write(folder, {f"{split}/{label}/{n}{end}".strip("/"): f"{text}\nand more"
                           for n, (text, label) in enumerate(ROWS)})  # fmt: skip

    return build


def reviews(folder: Path) -> None:
    """Write the layout of the IMDb reviews."""
    by_class(("train", "test"))(folder)
    write(folder, {f"train/unsup/{n}.txt": "nobody labelled it" for n in range(3)})


def with_junk(folder: Path) -> None:
    """Write what systems leave beside data."""
    write(folder, {"train.csv": PLAIN, "._train.csv": b"\0\5", "~$train.xlsx": b"x", ".DS_Store":
                   b"\0", "Thumbs.db": b"\0", "notes.pdf": b"%PDF"})  # fmt: skip


NAMED = {"columns": BOTH, "labels": ["poor", "fine"]}
case("folders", "save_to_disk, splits", saved, rows=COUNT + 4, **NAMED)
case("folders", "save_to_disk, one", saved_one, **NAMED)
case("folders", "arrow stream", arrow_stream, **NAMED)
case("folders", "feather", feather, columns=BOTH)
case("folders", "class names in a list", parquet, task=TAG,
     columns={"tokens": "words", "tags": "ner_tags"}, labels=["O", "B-X", "I-X"])  # fmt: skip
case("folders", "data card", carded(), rows=2 * COUNT, notes=("is used instead",))
case("folders", "a config of several", carded(OTHER, "mine", ":mine"), rows=2 * COUNT,
     notes=("configuration mine", "other"))  # fmt: skip
case("folders", "several configs", carded(OTHER, "mine"), refused=("has several configs", ":mine"))
case("folders", "an unknown config", carded(OTHER, "mine", ":nine"),
     refused=("no config 'nine'", "mine, other"))  # fmt: skip
case("folders", "a folder a class", by_class(("",)), labels=["bad", "good"], notes=("12 files",))
case("folders", "documents without an ending", by_class(("",), ""), labels=["bad", "good"])
case("folders", "splits, then classes", reviews, rows=2 * COUNT, labels=["bad", "good"],
     notes=("unsup", "Skipped 3 of"))  # fmt: skip
case(
    "folders",
    "what systems leave",
    with_junk,
    columns=BOTH,
    notes=("Skipped other files in the folder: 2",),
)
SPLIT = ["train"] * 8 + ["dev"] * 2 + ["test"] * 2
SPLIT_ROWS = "\n".join(f'"{t}",{label},{s}' for (t, label), s in zip(ROWS, SPLIT, strict=True))
case("folders", "a column of splits", f"text,label,split\n{SPLIT_ROWS}\n", rows=10, columns=BOTH,
     notes=("Column split defines the splits: train 8, dev 2, test 2",))  # fmt: skip

# Where the table begins, and how its cells are quoted

for mark in ("\t", ";", "|", "^", "¦", "~", "||", "::", "\x01"):
    body = table(mark)
    case("separators", f"separator {mark!r}", body, columns=BOTH, first=TEXTS[0])
CHINESE = [(f"第{n}家店的服务{how}", label) for n in range(6) for how, label in
           (("很好", "正面"), ("很差", "负面"))]  # fmt: skip
for mark in "，；｜":
    body = f"文本{mark}标签\n" + "".join(f"{a}{mark}{b}\n" for a, b in CHINESE)
    case("separators", f"separator {mark}", body, columns={"text": "文本", "label": "标签"},
         labels=["正面", "负面"])  # fmt: skip
case("separators", "a first line sep=", "sep=;\r\n" + table(";"), columns=BOTH,
     notes=("“sep=;”",))  # fmt: skip
case("separators", "sep= in quotes", '"sep=|"\n' + table("|"), columns=BOTH)
case("separators", "titles above", "Survey of 2024\nMade by the desk\n\n" + PLAIN, columns=BOTH,
     notes=("starts at row 4", "Survey of 2024"))  # fmt: skip
WIDE = (
    PLAIN.replace("text,label\n", "text,label,who\n")
    .replace(",good\n", ",good,a\n")
    .replace(",bad\n", ",bad,b\n")
)
case("separators", "titles with separators", "Survey,,\nDate 2024,,\n" + WIDE, columns=BOTH,
     notes=("starts at row 3", "Unused columns: who"))  # fmt: skip
case("separators", "the header's row is told", "a,b\nc,d\n" + PLAIN, columns=BOTH,
     options={"header": "3"}, notes=("starts at row 3",))  # fmt: skip
case("separators", "a backslash before a quote",
     "text,label\n" + "".join(f'"She said \\"{t}\\", twice",{b}\n' for t, b in ROWS), columns=BOTH,
     first=f'She said "{TEXTS[0]}", twice')  # fmt: skip
case("separators", "a backslash before one quote", "text,label\n" + "".join(
    f'"{t}\\" she said",{b}\n' for t, b in ROWS), columns=BOTH,
    first=f'{TEXTS[0]}" she said')  # fmt: skip
case("separators", "a backslash at the end of a cell", "text,label\n" + "".join(
    f'"{t} in C:\\",{b}\n' for t, b in ROWS), columns=BOTH,
    first=f"{TEXTS[0]} in C:\\")  # fmt: skip
case("separators", "apostrophes as quotes",
     "".join(f"{b};'it''s; {t}'\n" for t, b in ROWS), first=f"it's; {TEXTS[0]}",
     notes=("quoted with apostrophes",))  # fmt: skip
LOOSE = table().replace('"', "").replace(", ", " ").split("\n")
OPEN = [*LOOSE[:3], f'"{LOOSE[3]}', *LOOSE[4:7], LOOSE[7].replace(",", '",'), *LOOSE[8:]]
case("separators", "a quote that opens lines above the next", "\n".join(OPEN), columns=BOTH,
     notes=("never closed, read as part of the text: 1, the first on line 4",))  # fmt: skip
case("separators", "a quote that never closes", "\n".join([*LOOSE[:3], f'"{LOOSE[3]}', *LOOSE[4:]]),
     columns=BOTH, notes=("the first on line 4",))  # fmt: skip
case("separators", "zero bytes", PLAIN.replace(" at ", "\0at ").encode(), columns=BOTH,
     first=TEXTS[0], notes=("NUL bytes",))  # fmt: skip
RECORDS = [{"text": text, "label": label} for text, label in ROWS]
BROKEN = lines(RECORDS[:5]) + '{"text": "he said "hi"", "label": "bad"}\n' + lines(RECORDS[5:])
case("separators", "a broken line of JSON", BROKEN, "f.jsonl", columns=BOTH,
     notes=("not JSON: 1, the first is line 6",))  # fmt: skip
case("separators", "a broken line, refused", BROKEN, "f.jsonl", options={"bad_rows": "refuse"},
     refused=("is not JSON on line 6",))  # fmt: skip
case("separators", "pandas, orient split",
     json.dumps({"columns": ["text", "label"], "index": list(range(COUNT)), "data": ROWS}),
     "f.json", columns=BOTH)  # fmt: skip
case("separators", "pandas, orient values", json.dumps([["text", "label"], *ROWS]), "f.json",
     columns=BOTH)  # fmt: skip
VIEWED = [{"row_idx": 0, "row": record} for record in RECORDS]
case("separators", "the hub's viewer",
     json.dumps({"features": [{"name": "t"}], "rows": VIEWED}), "f.json", columns=BOTH)  # fmt: skip
case("separators", "splits in one JSON", json.dumps({"train": RECORDS, "test": RECORDS[:4]}),
     "f.json", rows=COUNT + 4, columns=BOTH, notes=("train 12, test 4",))  # fmt: skip
case("separators", "JSON lines called txt", lines(RECORDS), "f.txt", columns=BOTH)
case("separators", "a csv of an unknown ending", PLAIN, "f.data", columns=BOTH)

# Excel


def book(
    *sheets: tuple[str, list[list[Any]]], merge: tuple[str, ...] = ()
) -> Callable[[Path], Path]:
    """Return a workbook with these sheets."""

    def build(folder: Path) -> Path:
        import openpyxl

        made = openpyxl.Workbook()
        made.remove(made.active)
        for name, rows in sheets:
            sheet = made.create_sheet(name)
            for row in rows:
                sheet.append(row)
            for one in merge:
                sheet.merge_cells(one)
        made.save(folder / "f.xlsx")
        return folder / "f.xlsx"

    return build


HEADED: list[list[Any]] = [["text", "label"], *map(list, ROWS)]
BY_LABEL = sorted(ROWS, key=lambda row: row[1])
MERGED = [["label", "text"], *[[b if n % 6 == 0 else None, a] for n, (a, b) in enumerate(BY_LABEL)]]
case("excel", "merged cells", book(("s", MERGED), merge=("A2:A7", "A8:A13")), columns=BOTH,
     notes=("Merged cells", ": 2."))  # fmt: skip
for error in ("#N/A", "#REF!", "#NAME?", "#DIV/0!", "#VALUE!"):
    case("excel", f"error {error}", book(("s", [*HEADED, ["one more", error]])), columns=BOTH,
         labels=["bad", "good"], notes=("spreadsheet error", ": 1."))  # fmt: skip
case("excel", "an error in a csv", PLAIN + "one more,#N/A\n", labels=["bad", "good"],
     notes=("spreadsheet error",))  # fmt: skip
case(
    "excel",
    "formulas without values",
    book(
        ("s", [["text", "label"], *[[a, f'=IF(A{n}="x",1,2)'] for n, (a, _) in enumerate(ROWS, 2)]])
    ),
    refused=("Formulas without a stored value", "12, the first in B2"),
)
ESCAPED = [["text", "label"], *[[f"{a}_x000D_\nmore", b] for a, b in ROWS]]
case("excel", "escaped line ends", book(("s", ESCAPED)), columns=BOTH, first=f"{TEXTS[0]}\nmore")
case("excel", "sheets that are splits", book(("Train", HEADED), ("Test", HEADED)), rows=2 * COUNT)
NOTES = [["Collected by", "the desk"], ["See", "the other sheet"]]
case("excel", "a first sheet of notes", book(("About", NOTES), ("Rows", HEADED)), columns=BOTH,
     notes=("“Rows”; not read: About",))  # fmt: skip
EXPLAINED = [["Field", "Meaning"], ["text", "the words"], ["label", "good or bad"], ["n", "-"],
             ["m", "-"], ["k", "-"]]  # fmt: skip
case(
    "excel",
    "a first sheet that explains the columns",
    book(("README", EXPLAINED), ("Rows", HEADED)),
    columns=BOTH,
    notes=("Read the sheet “Rows”",),
)
case(
    "excel",
    "a sheet by name",
    lambda folder: f"{book(('a', HEADED), ('b', HEADED[:9]))(folder)}#b",
    rows=8,
    columns=BOTH,
)
case("excel", "no such sheet", lambda folder: f"{book(('rows', HEADED))(folder)}#row",
     refused=("no sheet 'row'", "did you mean 'rows'"))  # fmt: skip
case(
    "excel",
    "titles above and a sum below",
    book(
        (
            "s",
            [
                ["Survey", None, None],
                [None],
                ["text", "label", "stars"],
                *[[a, b, n] for n, (a, b) in enumerate(ROWS)],
                [None],
                ["Sum", None, 66],
            ],
        )
    ),
    columns=BOTH,
    labels=["bad", "good"],
    notes=("starts at row 3", "rows below the table"),
)

# Encodings and labels

RUSSIAN = [f"Магазин {n} сегодня {how}" for n in range(6) for how in ("отличный", "ужасный")]
LATVIAN = [f"Veikals {n} šodien bija ļoti {how}" for n in range(6) for how in ("labs", "ātrs")]
TURKISH = [f"Dükkân {n} bugün {how}" for n in range(6) for how in ("çok güzeldi", "açık değildi")]
POLISH = [f"Sklep {n} był dziś {how}" for n in range(6) for how in ("świetny", "zły, źle")]
GREEK = [f"Το μαγαζί {n} ήταν {how} σήμερα" for n in range(6) for how in ("άριστο", "χάλια")]
HEBREW = [f"החנות {n} הייתה {how}" for n in range(6) for how in ("מצוינת", "גרועה מאוד")]
ARABIC = [f"المطعم {n} كان {how} اليوم" for n in range(6) for how in ("ممتاز", "سيئ")]
JAPANESE = [f"{n}番の店は{how}です" for n in range(6) for how in ("とても良い", "残念")]
KOREAN = [f"{n}번 가게는 {how}" for n in range(6) for how in ("아주 좋았다", "별로였다")]
TAIWANESE = [f"第{n}家店的服務{how}" for n in range(6) for how in ("很好", "很差")]
UKRAINIAN = [
    f"Їжа в кафе {n} була {how}" for n in range(6) for how in ("смачна", "не дуже, є ґедзі")
]
for name, texts in (
    ("koi8_r", RUSSIAN), ("cp1251", RUSSIAN), ("cp866", RUSSIAN), ("koi8_u", UKRAINIAN),
    ("cp1257", LATVIAN), ("cp1254", TURKISH), ("cp1250", POLISH), ("iso8859_2", POLISH),
    ("cp1253", GREEK), ("cp1255", HEBREW), ("cp1256", ARABIC), ("shift_jis", JAPANESE),
    ("euc_jp", JAPANESE), ("euc_kr", KOREAN), ("big5", TAIWANESE),
    ("gb18030", [a for a, _ in CHINESE]), ("utf-16-le", TAIWANESE), ("utf-16-be", RUSSIAN),
):  # fmt: skip
    held = "text,label\n" + "".join(
        f'"{a}",{b}\n' for a, b in zip(texts, ["good", "bad"] * 6, strict=True)
    )
    case("encodings", name, held.encode(name), columns=BOTH, first=texts[0])
BIG = ["98765432109876543210", "98765432109876543211"]
case("labels", "numbers of twenty digits", PLAIN.replace(",good\n", f",{BIG[0]}\n").replace(
    ",bad\n", f",{BIG[1]}\n"), labels=BIG)  # fmt: skip
case("labels", "leading zeros", PLAIN.replace(",good\n", ",042\n").replace(",bad\n", ",42\n"),
     labels=["042", "42"])  # fmt: skip
PAIRS = [{"premise": a, "hypothesis": f"so {a}", "label": n % 4 - 1} for n, a in enumerate(TEXTS)]
case("labels", "-1 of pairs", lines(PAIRS), "f.jsonl", rows=9, labels=["0", "1", "2"],
     notes=("stands for “no label”",))  # fmt: skip
case("labels", "-1 that is kept", lines(PAIRS), "f.jsonl",
     options={"labels": ["-1", "0", "1", "2"]}, labels=["-1", "0", "1", "2"])  # fmt: skip
case("labels", "-1, 0, 1 are classes",
     lines([{"text": a, "label": n % 3 - 1} for n, a in enumerate(TEXTS)]), "f.jsonl",
     labels=["-1", "0", "1"])  # fmt: skip
WORDS = ["-", "yes", "no", "maybe"]
case("labels", "a dash of pairs",
     lines([{"gold_label": WORDS[n % 4], "sentence1": a, "sentence2": f"so {a}"}
            for n, a in enumerate(TEXTS)]), "f.jsonl", rows=9, labels=["maybe", "no", "yes"],
     notes=("“-”",))  # fmt: skip
SETS = [[n % 2, n // 2 % 2, n // 4 % 2] for n in range(COUNT)]
case("labels", "one-hot lists", "text,labels\n" + "".join(
    f'"{a}","{own}"\n' for a, own in zip(TEXTS, SETS, strict=True)),
    options={"multi_label": True}, labels=["0", "1", "2"])  # fmt: skip
case(
    "labels",
    "one-hot columns",
    "id,text,sea,food,art\n"
    + "".join(
        f'{n},"{a}",{",".join(map(str, own))}\n'
        for n, (a, own) in enumerate(zip(TEXTS, SETS, strict=True))
    ),
    options={"multi_label": True},
    columns={"text": "text", "label": ["sea", "food", "art"]},
    labels=["art", "food", "sea"],
)
NAMES = [" ; ".join(n for n, one in zip(("sea", "food", "art"), own, strict=True) if one)
         for own in SETS]  # fmt: skip
for mark in (";", ",", "|", "、", "/"):
    case("labels", f"labels separated by {mark}", "text,tags\n" + "".join(
        f'"{a}","{own.replace(" ; ", mark)}"\n' for a, own in zip(TEXTS, NAMES, strict=True)),
        options={"multi_label": True}, labels=["art", "food", "sea"],
        notes=(f"separated by “{mark}”",))  # fmt: skip
case("labels", "fastText", "".join(f"__label__{b} {a}\n" for a, b in ROWS), "f.txt", columns=BOTH,
     labels=["bad", "good"], first=TEXTS[0], notes=("__label__",))  # fmt: skip
case("labels", "fastText, several labels",
     "".join(f"__label__{b} __label__all {a}\n" for a, b in ROWS), "f.train",
     options={"multi_label": True}, labels=["all", "bad", "good"])  # fmt: skip
CODES = ["LOC:city", "NUM:count", "HUM:ind"]
case("labels", "TREC", "".join(f"{CODES[n % 3]} {a}\n" for n, a in enumerate(TEXTS)), "f.label",
     labels=sorted(CODES), first=TEXTS[0], notes=("coarse_label",))  # fmt: skip

# Conversations

ASKED = [f"How was {text.split(' was')[0].lower()}?" for text in TEXTS]
TURNS = [
    [{"from": "human", "value": a}, {"from": "gpt", "value": b}]
    for a, b in zip(ASKED, TEXTS, strict=True)
]
MESSAGES = [
    [{"role": "user", "content": a}, {"role": "assistant", "content": b}]
    for a, b in zip(ASKED, TEXTS, strict=True)
]
CHAT: dict[str, Any] = {"task": WRITE, "first": MESSAGES[0]}


def chat(name: str, records: list[Any], file: str = "f.jsonl", **expected: Any) -> None:
    """Add a case of conversations, as JSON lines or one document."""
    text = lines(records) if file.endswith(".jsonl") else json.dumps(records)
    case("chats", name, text, file, **{**CHAT, **expected})


MORE = [{"from": "human", "value": "And then?"}, {"from": "gpt", "value": "It closed."}]
LONG = [*MESSAGES[0], {"role": "user", "content": "And then?"},
        {"role": "assistant", "content": "It closed."}]  # fmt: skip
RULE = {"role": "system", "content": "Be brief."}
chat("ShareGPT, two answers", [{"id": n, "conversations": [*own, *MORE]} for n, own in
                              enumerate(TURNS)], "f.json", first=LONG,
     columns={"messages": "conversations"},
     notes=("12 (answers: 24). All are used for training", "Unused columns: id"))  # fmt: skip
chat("ShareGPT, a system prompt beside", [{"system": "Be brief.", "conversations": own} for own in
                                          TURNS], "f.json", first=[RULE, *MESSAGES[0]],
     notes=("Column system is the system message",))  # fmt: skip
chat("ShareGPT, a last question", [{"conversations": [*own, MORE[0]]} for own in TURNS], "f.json",
     notes=("last question has no answer; it was cut off: 12",))  # fmt: skip
chat("lists of turns", TURNS, "f.json", columns={"messages": "messages"})
chat("OpenAI", [{"messages": own} for own in MESSAGES])
chat("OpenAI, other keys", [{"dialogue": [{"speaker": "user", "text": a}, {"speaker": "bot",
                                                                          "text": b}]}
                           for a, b in zip(ASKED, TEXTS, strict=True)])  # fmt: skip
chat("OpenAI, parts", [{"messages": [{"role": one["role"], "content": [
    {"type": "text", "text": one["content"][:5]}, {"type": "text", "text": one["content"][5:]}]}
    for one in own]} for own in MESSAGES])  # fmt: skip
chat("pairs in objects", [{"conversation": [{"human": a, "assistant": b}]} for a, b in
                          zip(ASKED, TEXTS, strict=True)])  # fmt: skip
chat("pairs in lists", [{"conversation": [[a, b]]} for a, b in zip(ASKED, TEXTS, strict=True)])
chat("texts that take turns", [{"dialog": [a, b]} for a, b in zip(ASKED, TEXTS, strict=True)])
case("chats", "JSON in a csv", "messages\n" + "".join(
    '"' + json.dumps(own).replace('"', '""') + '"\n' for own in MESSAGES), **CHAT)  # fmt: skip
chat("prompts and completions of messages",
     [{"prompt": own[:1], "completion": own[1:]} for own in MESSAGES],
     notes=("as conversations: prompt, completion",))  # fmt: skip
chat("a prompt of messages, a plain answer",
     [{"prompt": own[:1], "response": own[1]["content"]} for own in MESSAGES])  # fmt: skip
EARLIER = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
chat("Alpaca with history", [{"instruction": a, "input": "", "output": b, "system": "Be brief.",
                              "history": [["Hi", "Hello"]]}
                             for a, b in zip(ASKED, TEXTS, strict=True)],
     first=[RULE, *EARLIER, *MESSAGES[0]], notes=("system, history, instruction",))  # fmt: skip
chat("Alpaca without input", [{"instruction": a, "output": b} for a, b in
                              zip(ASKED, TEXTS, strict=True)], first=ASKED[0],
     options={"columns": {"instruction": "instruction", "input": "input", "output": "output"}},
     columns={"instruction": "instruction", "output": "output"},
     notes=("no column input for input",))  # fmt: skip
chat("input and output", [{"input": a, "output": b} for a, b in zip(ASKED, TEXTS, strict=True)],
     first=ASKED[0], columns={"instruction": "input", "output": "output"})  # fmt: skip
chat("UltraChat", [{"id": "1", "data": [a, b]} for a, b in zip(ASKED, TEXTS, strict=True)])
chat("Dolly", [{"instruction": a, "context": "By the sea.", "response": b, "category": "qa"}
               for a, b in zip(ASKED, TEXTS, strict=True)], first=ASKED[0],
     columns={"instruction": "instruction", "input": "context", "output": "response"})  # fmt: skip
chat("a better and a worse answer", [{"instruction": a, "output": [b, "No."]} for a, b in
                                     zip(ASKED, TEXTS, strict=True)],
     refused=("columns output", "preference"))  # fmt: skip
chat("preferences", [{"prompt": a, "chosen": b, "rejected": "No."} for a, b in
                     zip(ASKED, TEXTS, strict=True)],
     refused=("preference optimization", "instruction: prompt, output: chosen"))  # fmt: skip
chat("preferences between conversations", [{"chosen": own, "rejected": own} for own in MESSAGES],
     refused=("columns chosen, rejected", "messages: chosen"))  # fmt: skip
chat("the better conversations alone", [{"chosen": own, "rejected": own} for own in MESSAGES],
     options={"columns": {"messages": "chosen"}}, notes=("Unused columns: rejected",))  # fmt: skip
chat("judged answers", [{"prompt": a, "completion": b, "label": n % 2 == 0} for n, (a, b) in
                        enumerate(zip(ASKED, TEXTS, strict=True))],
     refused=("columns completion, label", "KTO"))  # fmt: skip
CALLS = [{"id": "x", "function": {"name": "f"}}]
CALL = {"role": "assistant", "content": None, "tool_calls": CALLS}
RESULT = {"role": "tool", "content": "fine"}
chat("OpenAI, tools", [{"messages": [own[0], CALL, RESULT, own[1]]} for own in MESSAGES],
     refused=("with tool calls", "tool_calls, tool"))  # fmt: skip
chat("ShareGPT, tools", [{"conversations": [own[0], {"from": "function_call", "value": "{}"},
                                            {"from": "observation", "value": "{}"}, own[1]]}
                         for own in TURNS], "f.json",
     refused=("function_call, observation",))  # fmt: skip
OBJECTS = lines([{"text": [{"a": one}]} for one in TEXTS])
case("chats", "objects where a text should be", OBJECTS, "f.jsonl", task="fill-mask",
     refused=("that hold an object or a list instead of text",))  # fmt: skip

# Exports of labelling tools, loaded as they are

STAMP = {"annotation_id": 1, "annotator": 1, "lead_time": 2.5, "created_at": "2024-01-01"}
FULL = [
    {
        "id": n,
        "data": {"review": text},
        "annotations": [
            {
                "completed_by": 1,
                "was_cancelled": n == 0,
                "result": [
                    {"from_name": "mood", "to_name": "t", "type": "choices", "value":
                     {"choices": [label]}}
                ],
            }
        ],
        "predictions": [{"result": []}],
    }
    for n, (text, label) in enumerate(ROWS)
]  # fmt: skip
ANSWERS = ["accept"] * 9 + ["reject", "ignore", "accept"]


def tool(name: str, records: list[Any], file: str = "f.json", **expected: Any) -> None:
    """Add a case of an export of a labelling tool."""
    text = lines(records) if file.endswith(".jsonl") else json.dumps(records)
    case("labelling tools", name, text, file, **{"labels": ["bad", "good"], **expected})


tool("Label Studio", FULL, rows=COUNT - 1, columns={"text": "review", "label": "mood"},
     notes=("Label Studio; human annotations used: 11", "skipped by the annotator 1"))  # fmt: skip
MINIMAL = [{"id": n, "text": a, "mood": b, **STAMP} for n, (a, b) in enumerate(ROWS)]
tool("Label Studio, minimal", MINIMAL, columns={"text": "text", "label": "mood"})
tool("Label Studio, minimal, several", [
    {"id": n, "text": a, "mood": b if n % 2 else {"choices": [b, "loud"]}, **STAMP}
    for n, (a, b) in enumerate(ROWS)], options={"multi_label": True},
    labels=["bad", "good", "loud"])  # fmt: skip
case("labelling tools", "Label Studio, csv",
     "annotation_id,annotator,created_at,id,lead_time,mood,text,updated_at\n" + "".join(
         f'{n},{n % 2},2024,{n},2.5,{b},"{a}",2024\n' for n, (a, b) in enumerate(ROWS)),
     columns={"text": "text", "label": "mood"}, labels=["bad", "good"])  # fmt: skip
tool("Prodigy, labels", [{"text": a, "label": b, "answer": c} for (a, b), c in
                         zip(ROWS, ANSWERS, strict=True)], "f.jsonl", rows=10,
     notes=("without an annotation: 2", "rejected 1", "ignored 1"))  # fmt: skip
tool("Prodigy, choices", [{"text": a, "options": [{"id": "good", "text": "Good!"}], "accept": [b],
                           "answer": c} for (a, b), c in zip(ROWS, ANSWERS, strict=True)],
     "f.jsonl", rows=10)  # fmt: skip
tool("doccano, old", [{"id": n, "text": a, "meta": {}, "annotations":
                       [{"label": 1 + (b == "good"), "user": n % 2}]} for n, (a, b) in
                      enumerate(ROWS)], "f.jsonl", labels=["1", "2"])  # fmt: skip
tool("Argilla", [{"id": str(n), "status": "completed", "fields": {"text": a}, "suggestions":
                  {"mood": {"value": "odd"}}, "responses": {"mood": [{"value": b, "user_id": "u"}]}}
                 for n, (a, b) in enumerate(ROWS)],
     columns={"text": "text", "label": "mood"})  # fmt: skip
tool("Argilla, only suggestions", [{"fields": {"text": a}, "suggestions": {"mood": {"value": b}},
                                    "responses": {}} for a, b in ROWS], labels=None,
     refused=("only suggested by a model 12",))  # fmt: skip
tool("Argilla, old", [{"text": a, "annotation": b, "annotation_agent": "u", "prediction": None,
                       "status": "Validated"} for a, b in ROWS])  # fmt: skip

# Tags

PLACE = [(4, 4 + len(text.split(" at ")[0]) - 4) for text in TEXTS]
WORDS_OF = [text.split() for text in TEXTS]
TAGS_OF = [["O", "B-X", *(["I-X"] if own[2] != "at" else ["O"]), *["O"] * (len(own) - 3)]
           for own in WORDS_OF]  # fmt: skip
PLACES = ["O", "B-X", "I-X"]
BIO = ["B-X", "I-X", "O"]


def words(mark: str = " ", change: Callable[[str], str] = str, gap: str = "\n") -> str:
    """Return sentences with a word and its tag on each line."""
    return gap.join(
        "".join(f"{word}{mark}{change(tag)}\n" for word, tag in zip(own, tags, strict=True))
        for own, tags in zip(WORDS_OF, TAGS_OF, strict=True)
    )


def tag(name: str, content: Any, file: str, **expected: Any) -> None:
    """Add a case of words with tags."""
    case("tags", name, content, file, **{"task": TAG, "labels": BIO, **expected})


def bmes(tag: str) -> str:
    """Return a tag in BMES; its entities have one word or two."""
    return {"B-X": "B-X", "I-X": "E-X", "O": "O"}[tag]


for file in ("emerging.test.annotated", "weiboNER_2nd_conll.test", "eng.testb", "demo.char",
             "f.bmes", "f.bio", "f.iob2", "msra_test_bio", "f.txt", "f.ner.tags"):  # fmt: skip
    tag(f"words in {file}", words(), file)
tag("tabs", words("\t"), "f.txt")
tag("a folder of published names", lambda folder: write(folder, {
    "weiboNER_2nd_conll.train": words(), "weiboNER_2nd_conll.dev": words(),
    "weiboNER_2nd_conll.test": words(), "README.md": "# Weibo"}), "", rows=2 * COUNT,
    notes=("Unused splits: test",))  # fmt: skip
tag("CoNLL-2003's names", lambda folder: write(folder, {
    "eng.train": words(), "eng.testa": words(), "eng.testb": words()}), "", rows=2 * COUNT,
    notes=("Unused splits: test",))  # fmt: skip
tag("BMES", words(change=bmes), "f.txt")
tag("BMES with M", words(change=bmes) + "\n丽 B-X\n江 M-X\n古 M-X\n城 E-X\n", "f.txt",
    rows=COUNT + 1)  # fmt: skip
tag("tags with underscores", words(change=lambda tag: tag.replace("-", "_")), "f.txt")
tag("a token #", words().replace("The O", "# O"), "f.txt",
    first=["#", *WORDS_OF[0][1:]])  # fmt: skip
tag("remarks", "# newdoc\n# sent_id = 1\n" + words(), "f.conllu", first=WORDS_OF[0])
ONE_A_ROW = [
    (f"Sentence: {n + 1}" if place == 0 else "", word, mark)
    for n, (own, tags) in enumerate(zip(WORDS_OF, TAGS_OF, strict=True))
    for place, (word, mark) in enumerate(zip(own, tags, strict=True))
]
tag("one word a row", "Sentence #,Word,POS,Tag\n" + "".join(
    f'{a},"{b}",NN,{c}\n' for a, b, c in ONE_A_ROW), "f.csv", first=WORDS_OF[0],
    notes=("separated by Sentence #: 12", "Unused columns: POS"))  # fmt: skip
tag("one word a row, numbered", "sentence_id,token,label\n" + "".join(
    f'{n},"{word}",{mark}\n' for n, (own, tags) in enumerate(zip(WORDS_OF, TAGS_OF, strict=True))
    for word, mark in zip(own, tags, strict=True)), "f.csv", first=WORDS_OF[0])  # fmt: skip
tag("word classes", lines([{"tokens": own, "pos_tags": ["DET", *["NOUN"] * (len(own) - 1)]}
                           for own in WORDS_OF]), "f.jsonl", labels=["DET", "NOUN"],
    notes=("have no B or I prefix",))  # fmt: skip
tag("plain types", lines([{"tokens": own, "ner_tags": [mark[2:] or "O" for mark in tags]}
                         for own, tags in zip(WORDS_OF, TAGS_OF, strict=True)]), "f.jsonl",
    notes=("plain types",))  # fmt: skip
SPANNED = list(zip(TEXTS, PLACE, strict=True))
tag("doccano, spans", lines([{"id": 1, "text": a, "label": [[*p, "X"]]} for a, p in SPANNED]),
    "f.jsonl", notes=("spans in label",))  # fmt: skip
tag("doccano, entities", lines([
    {"text": a, "entities": [{"id": 1, "start_offset": p[0], "end_offset": p[1], "label": "X"}]}
    for a, p in SPANNED]), "f.jsonl")  # fmt: skip
tag("spaCy", json.dumps([[a, {"entities": [[*p, "X"]]}] for a, p in SPANNED]), "f.json")
tag("Prodigy, spans", lines([{"text": a, "spans": [{"start": p[0], "end": p[1], "label": "X"}],
                              "answer": "accept"} for a, p in SPANNED]), "f.jsonl")  # fmt: skip
tag("CLUENER", lines([{"text": f"李雷在北京路{n}号吃饭", "label": {
    "name": {"李雷": [[0, 1]]}, "address": {"北京路": [[3, 5]]}}} for n in range(9)]), "f.jsonl",
    rows=9, labels=["B-address", "B-name", "I-address", "I-name", "O"])  # fmt: skip
tag(
    "spans that overlap",
    lines([{"text": a, "label": [[*p, "X"], [0, p[1], "X"]]} for a, p in SPANNED]),
    "f.jsonl",
    notes=("express: 12", "row 1 (“"),
)
tag("spans outside of the text", lines([{"text": a, "label": [[*p, "X"], [90, 99, "X"]]} for a, p
                                        in SPANNED]), "f.jsonl",
    notes=("outside of their text: 12",))  # fmt: skip
tag("spaCy's annotator", json.dumps({"classes": ["X"], "annotations": [
    [a, {"entities": [[*p, "X"]]}] for a, p in SPANNED] + [None]}), "f.json")  # fmt: skip
tag("tags as a text", "text,tags\n" + "".join(
    f'"{" ".join(own)}",{" ".join(tags)}\n' for own, tags in zip(WORDS_OF, TAGS_OF, strict=True)),
    "f.csv", first=WORDS_OF[0])  # fmt: skip
tag("numbers without names", lines([{"tokens": own, "tags": [0] * len(own)} for own in WORDS_OF]),
    "f.jsonl", refused=("tags are numbers",))  # fmt: skip
CATS = [
    {"text": a, "cats": {"good": float(b == "good"), "bad": float(b == "bad")}} for a, b in ROWS
]
case("labels", "spaCy's cats", lines(CATS), "f.jsonl", labels=["bad", "good"],
     notes=("a 0 or 1 for each named class",))  # fmt: skip
