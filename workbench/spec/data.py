"""`data`: where the examples come from."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from ..language import text
from .cleaning import check_step, split_steps
from .domain import Domain, refusal
from .section import Section


def as_header(held: object) -> object:
    """Return the choice or row number of `data.header` as text.

    Raises:
        PydanticCustomError: it is neither.
    """
    if isinstance(held, bool):
        return "yes" if held else "no"
    given = str(held).strip()
    if given in ("auto", "yes", "no") or (given.isdecimal() and int(given) > 0):
        return given
    remedy = text("spec.one_of", choices="auto, yes, no, 1, 2, 3, …")
    raise refusal("no_such_choice", remedy)


class DataSpec(Section):
    """Where the examples come from and how they are cut."""

    source: Annotated[
        str,
        Domain(
            "the data: a path, several (reviews/*.csv, or joined by semicolons), wheel:NAME from "
            "the catalogue, a hub id such as org/set:subset, or a database: sqlite:///reviews.db"
        ),
    ] = "wheel:tweets"
    revision: Annotated[
        str | None, Domain("hub data: the commit to use; filled in when the run starts")
    ] = None
    columns: Annotated[
        dict[str, str | int | list[str | int]],
        Domain(
            "the file's column for each role of the task (text, text_pair, label, …), by name or "
            "number; a list where several columns play one role"
        ),
    ] = {}
    labels: Annotated[
        list[str], Domain("keep only the rows with these labels, in this order; empty keeps all")
    ] = []
    label_separator: Annotated[
        str, Domain("what stands between the labels of a cell with several; empty: one label a row")
    ] = ""
    multi_label: Annotated[
        bool,
        Domain(
            "rows may have several labels or none (a list, a separated cell, several columns): "
            "each label is given or not by itself"
        ),
    ] = False
    bad_rows: Annotated[
        str,
        Domain(
            "what to do about rows that cannot be used: leave them out and say so, or stop",
            choices=("leave_out", "refuse"),
        ),
    ] = "leave_out"
    cleaning: Annotated[
        list[Annotated[str, AfterValidator(check_step)]],
        BeforeValidator(split_steps),
        Domain(
            "what is mended in the rows, and which are dropped, step by step, such as fix_text, "
            "html, whitespace, duplicates; `workbench data steps` lists all"
        ),
    ] = []
    corrections: Annotated[
        str,
        Domain(
            "a journal of labels, whose decisions take the place of what the source says; "
            "journal@120 means its first 120 records, and is filled in when the run starts"
        ),
    ] = ""
    train_split: Annotated[str, Domain("the split to learn from; empty finds it")] = ""
    validation_split: Annotated[
        str, Domain("the split or file to evaluate on; empty finds it, or holds out a share")
    ] = ""
    validation_share: Annotated[
        float,
        Domain(
            "share of the rows held out when there is no validation split", 0.01, 0.5, step=0.01
        ),
    ] = 0.2
    max_train_rows: Annotated[
        int | None,
        Domain("learn from at most so many rows, drawn by seed", 1, 10_000_000, log=True),
    ] = 2000
    max_validation_rows: Annotated[
        int | None,
        Domain("evaluate on at most so many rows, drawn by seed", 1, 10_000_000, log=True),
    ] = 1000
    max_tokens: Annotated[
        int, Domain("cut texts after so many tokens", 4, 131_072, log=True, unit="tokens")
    ] = 128
    stride_tokens: Annotated[
        int,
        Domain(
            "a passage longer than the model is read in windows; neighbours share so many tokens",
            0,
            4096,
            unit="tokens",
        ),
    ] = 32
    negative_windows: Annotated[
        int | None,
        Domain(
            "learn, of each question, from at most so many windows without its answer, drawn by "
            "seed; null from all. Evaluation reads every window",
            0,
            100_000,
            unit="windows",
        ),
    ] = None
    special_tokens_in_text: Annotated[
        str,
        Domain(
            "control tokens of the model that stand in a text, such as </s> or [SEP], are: plain, "
            "text like any other | keep, the tokens themselves, where the data means them",
            choices=("plain", "keep"),
        ),
    ] = "plain"
    prefix: Annotated[
        str, Domain("what is put before each source text, as T5 wants it: 'summarize: '")
    ] = ""
    prompt_template: Annotated[
        str,
        Domain(
            "what a model is asked, with {source} where the text goes, or {context} and "
            "{question}; the user's turn in a chat template. Empty: the text alone, and for "
            "decoders a request in the data's language, filled in when the run starts"
        ),
    ] = ""
    several_targets: Annotated[
        str,
        Domain(
            "several texts in the target's cell or columns are: joined, one text | references, "
            "each right, the first is learned, the nearest counts | aspects, one a column, each "
            "asked for by its name before the source",
            choices=("joined", "references", "aspects"),
        ),
    ] = "joined"
    source_language: Annotated[
        str,
        Domain("the sources' language as the model's tokenizer has it: en_XX, en, eng_Latn"),
    ] = ""
    target_language: Annotated[
        str,
        Domain("the targets' language as the model's tokenizer has it: zh_CN, zh, zho_Hans"),
    ] = ""
    packing: Annotated[
        bool,
        Domain(
            "fill each training row with several texts instead of padding; none sees the others"
        ),
    ] = False
    encoding: Annotated[str, Domain("the file's encoding; auto detects it")] = "auto"
    delimiter: Annotated[str, Domain("the file's column separator; auto detects it")] = "auto"
    header: Annotated[
        str,
        BeforeValidator(as_header),
        Domain(
            "whether the first row names the columns: auto, yes, no, or the number of the row that "
            "does, counted from 1"
        ),
    ] = "auto"
    format: Annotated[
        str,
        Domain(
            "what the file is, where auto, which goes by its content, is wrong: lines is one text "
            "a line, conll a word and its tag a line, fasttext __label__ and text",
            choices=(
                "auto", "csv", "json", "lines", "conll", "fasttext", "excel", "parquet", "arrow",
            ),
        ),
    ] = "auto"  # fmt: skip
    group_column: Annotated[
        str,
        Domain(
            "the column that says what belongs together, such as a person: its rows are never "
            "divided between training and validation"
        ),
    ] = ""
