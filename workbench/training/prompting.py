"""The prompt of a task that a model is asked in words: which one, and what of it had to be cut."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..data import LoadedData
from ..data.cells import as_text
from ..data.languages import identify_languages
from ..language import text as say
from ..spec import RunSpec
from ..tasks import Task

# By so many rows the language of the data is told.
TOLD_ROWS = 200


def with_prompt(spec: RunSpec, task: Task, data: LoadedData) -> RunSpec:
    """Return the spec with what it leaves open: prompt template, and how questions are answered.

    A template is in the language of the data.
    """
    template, answers = spec.data.prompt_template, spec.model.answers
    if not template.strip() and task.has_prompt and len(data.train):
        template = _request(spec, task, data)
    if answers == "auto" and "model.answers" in task.options:
        answers = "generative" if task.is_generative else "extractive"
    return spec.replace({"data.prompt_template": template, "model.answers": answers})


def _request(spec: RunSpec, task: Task, data: LoadedData) -> str:
    some = data.train.select(range(min(TOLD_ROWS, len(data.train))))
    texts = [role.name for role in task.inputs if role.name in some.column_names]
    answers = [r.name for r in task.roles if r.answer and r.name in some.column_names]
    asked, answered = (_language(some, names) for names in (texts, answers))
    return task.request(spec, data.train, asked, answered)


def _language(rows: Any, names: list[str]) -> str:
    """Return the code of the language of most texts in some columns; empty where none is clear."""
    held = [as_text(one) for name in names for one in rows[name][:]]
    languages = Counter(filter(None, identify_languages(held)))
    return languages.most_common(1)[0][0] if languages else ""


def prompt_notes(
    asked: RunSpec, spec: RunSpec, limit: int, train: Any, validation: Any
) -> list[str]:
    """Return what is said of a prompt that was filled in, and of texts that are cut to fit it."""
    notes, template = [], spec.data.prompt_template
    if template and template != asked.data.prompt_template:
        notes.append(say("data.note.prompt_template", template=repr(template)))
    tables = [table for table in (train, validation) if "cut" in table.column_names]
    cut, lost = ([one for table in tables for one in table[name][:]] for name in ("cut", "lost"))
    if any(cut):
        notes.append(say("data.note.source_cut", count=sum(cut), rows=len(cut), limit=limit))
    if any(lost):
        notes.append(say("data.note.answer_lost", count=sum(lost)))
    return notes


def language_notes(spec: RunSpec, task: Task, data: LoadedData) -> list[str]:
    """Return which languages of the spec a decoder is not told: only some prompts name them."""
    if not (task.has_prompt and task.is_causal and "data.source_language" in task.options):
        return []  # the others are told by their tokenizer, or refuse
    notes, given = [], spec.data.prompt_template.strip()
    for name in ("source_language", "target_language"):
        if not (held := getattr(spec.data, name)):
            continue
        asked = {
            _request(spec.replace({f"data.{name}": code}), task, data) for code in ("de", "fr")
        }
        if given or len(asked) == 1:
            notes.append(
                say(
                    "data.note.no_effect",
                    field=f"data.{name}",
                    value=held,
                    other="data.prompt_template",
                    held=repr(given or next(iter(asked))),
                )
            )
    return notes


def zero_shot_notes(spec: RunSpec, task: Task, rows: int) -> list[str]:
    """Return on how many rows the untouched model is judged, where these are not all."""
    count = spec.evaluate.zero_shot_rows
    if not (task.is_generative and spec.evaluate.baselines and rows > count):
        return []
    return [say("data.note.zero_shot", count=count, rows=rows)]
