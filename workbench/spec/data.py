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
            "data source: a path, several (reviews/*.csv, or joined by semicolons), "
            "wheel:NAME from the catalogue, a Hub id such as org/set:subset, or a database: "
            "sqlite:///reviews.db"
        ),
    ] = "wheel:tweets"
    revision: Annotated[
        str | None, Domain("Hub data: commit to use; filled in when the run starts")
    ] = None
    columns: Annotated[
        dict[str, str | int | list[str | int]],
        Domain(
            "column of the file for each role of the task (text, text_pair, label, …), by "
            "name or number; a list where several columns have one role"
        ),
    ] = {}
    labels: Annotated[
        list[str], Domain("use only rows with these labels, numbered in this order; empty uses all")
    ] = []
    label_separator: Annotated[
        str, Domain("separator between several labels in a cell; empty: one label per row")
    ] = ""
    multi_label: Annotated[
        bool,
        Domain(
            "rows can have several labels or none (a list, a separated cell, several "
            "columns): each label is predicted independently"
        ),
    ] = False
    bad_rows: Annotated[
        str,
        Domain(
            "rows that cannot be used: skip and report them, or stop",
            choices=("leave_out", "refuse"),
        ),
    ] = "leave_out"
    cleaning: Annotated[
        list[Annotated[str, AfterValidator(check_step)]],
        BeforeValidator(split_steps),
        Domain(
            "cleaning steps to apply, in order, such as fix_text, html, whitespace, "
            "duplicates; `workbench data steps` lists all"
        ),
    ] = []
    corrections: Annotated[
        str,
        Domain(
            "labelling journal whose labels replace those of the source; journal@120 means "
            "its first 120 records, filled in when the run starts"
        ),
    ] = ""
    train_split: Annotated[str, Domain("split for training; empty detects it")] = ""
    validation_split: Annotated[
        str,
        Domain(
            "split or file for validation; empty detects it, or holds out a share of the "
            "training rows"
        ),
    ] = ""
    validation_share: Annotated[
        float,
        Domain(
            "share of the rows held out when there is no validation split", 0.01, 0.5, step=0.01
        ),
    ] = 0.2
    max_train_rows: Annotated[
        int | None,
        Domain(
            "maximum training rows, sampled with the seed; empty uses all", 1, 10_000_000, log=True
        ),
    ] = 2000
    max_validation_rows: Annotated[
        int | None,
        Domain(
            "maximum validation rows, sampled with the seed; empty uses all",
            1,
            10_000_000,
            log=True,
        ),
    ] = 1000
    max_tokens: Annotated[
        int,
        Domain(
            "truncate texts to this many tokens; passages with questions, and sentences whose "
            "words are tagged, are read in windows of this size instead",
            4,
            131_072,
            log=True,
            unit="tokens",
        ),
    ] = 128
    stride_tokens: Annotated[
        int,
        Domain(
            "passages longer than the model's limit are read in windows that overlap by this "
            "many tokens",
            0,
            4096,
            unit="tokens",
        ),
    ] = 32
    negative_windows: Annotated[
        int | None,
        Domain(
            "maximum training windows without the answer per question, sampled with the seed;"
            " null uses all. Evaluation uses every window",
            0,
            100_000,
            unit="windows",
        ),
    ] = None
    special_tokens_in_text: Annotated[
        str,
        Domain(
            "control tokens that occur in texts, such as </s> or [SEP]: plain, read as "
            "ordinary text | keep, read as control tokens",
            choices=("plain", "keep"),
        ),
    ] = "plain"
    prefix: Annotated[str, Domain("prefix for each source text, as T5 needs it: 'summarize: '")] = (
        ""
    )
    prompt_template: Annotated[
        str,
        Domain(
            "prompt for the model, with {source} for the text, or {context} and {question}; "
            "the user's turn in a chat template. Empty: only the text, and for decoders a "
            "default prompt in the language of the data, filled in when the run starts"
        ),
    ] = ""
    several_targets: Annotated[
        str,
        Domain(
            "several texts in the target cell or columns: joined into one text | references, "
            "each correct, the first is learned, the best match is scored | aspects, one per "
            "column, requested by its name before the source",
            choices=("joined", "references", "aspects"),
        ),
    ] = "joined"
    source_language: Annotated[
        str,
        Domain("source language, as a code of the model's tokenizer: en_XX, en, eng_Latn"),
    ] = ""
    target_language: Annotated[
        str,
        Domain("target language, as a code of the model's tokenizer: zh_CN, zh, zho_Hans"),
    ] = ""
    packing: Annotated[
        bool,
        Domain(
            "pack several texts into each training row instead of padding; they do not attend"
            " to each other"
        ),
    ] = False
    encoding: Annotated[str, Domain("character encoding of the file; auto detects it")] = "auto"
    delimiter: Annotated[str, Domain("column separator of the file; auto detects it")] = "auto"
    header: Annotated[
        str,
        BeforeValidator(as_header),
        Domain(
            "whether the first row has the column names: auto, yes, no, or the number of the "
            "header row, from 1"
        ),
    ] = "auto"
    format: Annotated[
        str,
        Domain(
            "file format, if detection by content (auto) is wrong: lines, one text per line; "
"conll, one word and its tag per line; fasttext, __label__ and text",
            choices=(
                "auto", "csv", "json", "lines", "conll", "fasttext", "excel", "parquet", "arrow",
            ),
        ),
    ] = "auto"  # fmt: skip
    group_column: Annotated[
        str,
        Domain(
            "column that groups rows, such as by person: rows of a group are never split "
            "between training and validation"
        ),
    ] = ""
