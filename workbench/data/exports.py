"""What people answered, in the exports of labelling tools: one reader for loading and for import.

Label Studio (all, minimal, csv), doccano (old and new), Prodigy, Argilla (records and responses),
and our own lines. What a person rejected, skipped or discarded is no answer, and neither is what a
model suggested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

# Keys that tools write beside the texts and answers of a row.
META = frozenset(
    ("split", "row", "was", "who", "time", "note", "id", "Comments", "comments", "meta", "metadata",
     "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "status", "vectors",
     "annotation_approver", "_input_hash", "_task_hash", "_view_id", "_session_id", "_timestamp",
     "_annotator_id", "external_id", "inserted_at", "event_timestamp", "metrics", "explanation",
     "prediction_agent", "annotation_agent", "user", "username", "url", "image", "_server_id")
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What one person answered to one row: values by the name of the question.

    A value is a class, a list of classes, a number, a text, or spans as `start`, `end`, `label`.
    Where a form does not say which of its keys is the question, `values` has all that may be.
    """

    texts: dict[str, str]
    values: dict[str, Any]
    who: str = ""
    note: str = ""
    split: str | None = None
    row: int | None = None


@dataclass
class Export:
    """The answers of a file, the tool that wrote it, and what was no answer, by reason."""

    tool: str
    answers: list[Answer] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)


def read_export(records: Sequence[Any]) -> Export | None:
    """Return the answers in records that a labelling tool wrote; None where none did."""
    sample = [one for one in records[:200] if isinstance(one, dict)]
    if not sample or len(sample) < len(records[:200]):
        return None
    for tool, fits, read in _TOOLS:
        if sum(map(fits, sample)) > 0.5 * len(sample):
            export = Export(tool)
            for record in records:
                read(record, export)
            return export
    return None


def _texts(held: Mapping[str, Any], but: Sequence[str] = ()) -> dict[str, str]:
    return {k: v for k, v in held.items() if isinstance(v, str) and k not in META and k not in but}


def _person(held: Any) -> str:
    if isinstance(held, dict):
        held = held.get("email") or held.get("username") or held.get("id") or ""
    return "" if held is None else str(held)


# Label Studio


def _is_label_studio(record: Row) -> bool:
    parts = ("annotations", "completions")
    return isinstance(record.get("data"), dict) and any(isinstance(record.get(p), list)
                                                        for p in parts)  # fmt: skip


def _label_studio(record: Row, export: Export) -> None:
    data = record.get("data") or {}
    given = record.get("annotations") or record.get("completions") or []
    if not given:
        export.passed["empty"] += 1
    for one in given:
        if one.get("was_cancelled"):
            export.passed["cancelled"] += 1
            continue
        # Whoever has looked at an annotation answers for it, no longer who brought it.
        seen = one.get("lead_time") or one.get("updated_by")
        who = _person(one.get("completed_by")) if seen or not data.get("who") else data["who"]
        values: dict[str, Any] = {}
        for result in one.get("result", ()):
            if isinstance(value := result.get("value"), dict):
                _result(values, str(result.get("from_name", "label")), result.get("type"), value)
        if not values:
            values = {"label": []}
        export.answers.append(
            Answer(_texts(data), values, str(who), str(data.get("note") or ""), data.get("split"),
                   data.get("row"))
        )  # fmt: skip


_SPANS = ("labels", "hypertextlabels", "paragraphlabels")


def _result(values: dict[str, Any], name: str, kind: Any, value: Row) -> None:
    """Put a result beside the others of its control."""
    spans = next((key for key in _SPANS if isinstance(value.get(key), list)), None)
    if spans and "start" in value:
        start, end = (value.get("globalOffsets", value)[key] for key in ("start", "end"))
        for label in value[spans]:
            span = {"start": start, "end": end, "label": label}
            values.setdefault(name, []).append(span | _said(value))
        return
    if kind == "labels" and "start" in value:
        values.setdefault(name, []).append({"start": value["start"], "end": value["end"],
                                            **_said(value)})  # fmt: skip
        return
    values[name] = plain_value(value)


def _said(value: Row) -> Row:
    return {"text": value["text"]} if isinstance(value.get("text"), str) else {}


def plain_value(value: Any) -> Any:
    """Return what stands inside of an answer of Label Studio: `{"choices": ["a"]}` is a."""
    if isinstance(value, dict):
        for key in ("choices", "taxonomy", "number", "rating", "text", "datetime"):
            if key in value:
                value = value[key]
                break
    if isinstance(value, list) and all(isinstance(one, list) for one in value) and value:
        value = [" > ".join(map(str, one)) for one in value]
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _is_minimal(record: Row) -> bool:
    return "annotation_id" in record and ("annotator" in record or "lead_time" in record)


def _minimal(record: Row, export: Export) -> None:
    values = {key: _minimal_value(held) for key, held in record.items()
              if key not in META and held not in (None, "", [])}  # fmt: skip
    who = record.get("who") if record.get("who") and not record.get("lead_time") else ""
    export.answers.append(
        Answer(_texts(record), values, str(who or _person(record.get("annotator"))),
               str(record.get("note") or ""), record.get("split"), _number(record.get("row")))
    )  # fmt: skip


def _minimal_value(held: Any) -> Any:
    if isinstance(held, list) and held and all(isinstance(o, dict) and "start" in o for o in held):
        found: list[Row] = []
        for one in held:
            for label in one.get("labels") or [None]:
                span = {"start": one["start"], "end": one["end"]} | _said(one)
                found.append(span | ({} if label is None else {"label": label}))
        return found
    return plain_value(held)


def _number(held: Any) -> int | None:
    return int(held) if isinstance(held, int) or str(held or "").isdecimal() else None


# Prodigy


def _is_prodigy(record: Row) -> bool:
    return record.get("answer") in ("accept", "reject", "ignore") and "text" in record


def _prodigy(record: Row, export: Export) -> None:
    if record.get("answer") != "accept":
        export.passed[{"reject": "rejected", "ignore": "ignored"}.get(
            str(record.get("answer")), "empty")] += 1  # fmt: skip
        return
    names = {one.get("id"): one.get("id") for one in record.get("options") or ()}
    values: dict[str, Any] = {}
    if isinstance(record.get("accept"), list):
        chosen = [names.get(one, one) for one in record["accept"]]
        values["label"] = chosen[0] if len(chosen) == 1 else chosen
    elif isinstance(record.get("spans"), list):
        values["label"] = [{"start": s["start"], "end": s["end"], "label": s.get("label")}
                           for s in record["spans"]]  # fmt: skip
    elif "label" in record:
        values["label"] = record["label"]
    elif "user_input" in record:
        values["label"] = record["user_input"]
    beside = ("answer", "label", "user_input", "html")
    who = record.get("_annotator_id") or record.get("_session_id")
    export.answers.append(Answer(_texts(record, beside), values, _person(who)))


# Argilla


def _is_argilla(record: Row) -> bool:
    held = record.get("fields")
    return isinstance(held, dict) and isinstance(record.get("responses"), dict | list)


def _argilla(record: Row, export: Export) -> None:
    texts = _texts(record["fields"])
    responses = record.get("responses") or {}
    people: dict[str, dict[str, Any]] = {}
    passed = 0
    if isinstance(responses, dict):
        for question, given in responses.items():
            for place, one in enumerate(given if isinstance(given, list) else [given]):
                if one.get("status") in ("draft", "discarded"):
                    passed += 1
                    continue
                who = _person(one.get("user_id", place))
                people.setdefault(who, {})[question] = _argilla_value(one.get("value"))
    else:
        for place, one in enumerate(responses):
            if one.get("status") in ("draft", "discarded"):
                passed += 1
                continue
            who = _person(one.get("user_id", place))
            people[who] = {q: _argilla_value(v.get("value") if isinstance(v, dict) else v)
                           for q, v in (one.get("values") or {}).items()}  # fmt: skip
    export.passed["discarded"] += passed
    if not people and not passed:
        export.passed["suggested" if record.get("suggestions") else "empty"] += 1
    for who, values in people.items():
        export.answers.append(Answer(texts, values, who))


def _argilla_value(value: Any) -> Any:
    if (
        isinstance(value, list)
        and value
        and all(isinstance(o, dict) and "start" in o for o in value)
    ):
        return [{"start": o["start"], "end": o["end"], "label": o.get("label")} for o in value]
    return value


def _is_old_argilla(record: Row) -> bool:
    return "annotation" in record and ("annotation_agent" in record or "prediction" in record)


def _old_argilla(record: Row, export: Export) -> None:
    if record.get("status") == "Discarded":
        export.passed["discarded"] += 1
        return
    if record.get("annotation") in (None, []):
        export.passed["suggested" if record.get("prediction") else "empty"] += 1
        return
    held = record.get("inputs")
    texts = _texts(held) if isinstance(held, dict) else _texts(record, ("annotation",))
    value = record["annotation"]
    if isinstance(value, list) and value and all(isinstance(o, list | tuple) for o in value):
        value = [{"start": s, "end": e, "label": label} for label, s, e in value]
    export.answers.append(Answer(texts, {"label": value}, _person(record["annotation_agent"])))


# doccano


def _is_doccano(record: Row) -> bool:
    held = record.get("annotations")
    return (
        "text" in record
        and isinstance(held, list)
        and all(isinstance(one, dict) and "user" in one for one in held)
    )


def _doccano(record: Row, export: Export) -> None:
    """Read the old form, in which each annotation has its user; classes are doccano's numbers."""
    people: dict[str, list[Any]] = {}
    for one in record["annotations"]:
        value = one.get("label", one.get("text"))
        if "start_offset" in one:
            value = {"start": one["start_offset"], "end": one["end_offset"], "label": str(value)}
        people.setdefault(_person(one.get("user")), []).append(
            str(value) if isinstance(value, int) else value
        )
    if not people:
        export.passed["empty"] += 1
    for who, values in people.items():
        held = values[0] if len(values) == 1 and not isinstance(values[0], dict) else values
        export.answers.append(Answer(_texts(record), {"label": held}, who))


_TOOLS = (
    ("Label Studio", _is_label_studio, _label_studio),
    ("Label Studio", _is_minimal, _minimal),
    ("Prodigy", _is_prodigy, _prodigy),
    ("Argilla", _is_argilla, _argilla),
    ("Argilla", _is_old_argilla, _old_argilla),
    ("doccano", _is_doccano, _doccano),
)
