"""A hypothesis strategy for any valid `RunSpec`, built from its fields and their domains."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from workbench.spec import Field, RunSpec, fields, from_flat

# Text that has broken quoting, comments, escapes or the reading of numbers somewhere before.
HOSTILE_TEXTS = (
    "",
    " leading and trailing ",
    'it\'s "quoted"',
    "'''",
    'x\\"',
    "C:\\new\\table",
    "line one\nline two\r\nline three",
    "tab\tand\x00control\x1b",
    "# no comment",
    "a = b  # c",
    "{brace} %s ${HOME} $(id) `id`",
    "<script>alert(1)</script>",
    "no",
    "null",
    "~",
    "true",
    "1e5",
    "0x1f",
    "007",
    "1:30",
    "2026-11-23",
    ".nan",
    "- item",
    "key: value",
    "*alias",
    "&anchor",
    "!!python/object:os.system",
    "---",
    "...",
    "|",
    "\ufeffbom",
    "\u2028separator\x85",
    "微调“模型”，看注意力",
    "👩‍👩‍👧 e\u0301",
    "__import__('os').system('id')",
    "long " * 2000,
)

# Entries of data.cleaning, with what lists, quotes and brackets could tear.
STEPS = (
    "fix_text",
    "length(min=3, max=2000)",
    "mask(what=[url, email])",
    "language(keep=['zh'])",
    "labels(map={pos: positive, '1': \"yes, 'of course' )\", 'x, y': '[a'}, synonyms=false)",
    "near_duplicates(threshold=0.75,keep=longest)",
)


def texts() -> st.SearchStrategy[str]:
    """Return texts of every kind, hostile ones often."""
    return st.one_of(st.sampled_from(HOSTILE_TEXTS), st.text(max_size=60))


def values(field: Field) -> st.SearchStrategy[Any]:
    """Return what the field may hold, by its type and domain."""
    domain = field.domain
    if field.name == "cleaning":
        strategy: st.SearchStrategy[Any] = st.lists(st.sampled_from(STEPS), max_size=4)
    elif field.path == "data.header":
        strategy = st.sampled_from(("auto", "yes", "no", "1", "12"))
    elif domain.choices:
        strategy = st.sampled_from(domain.choices)
    elif field.type is bool:
        strategy = st.booleans()
    elif field.type is int:
        strategy = st.integers(int(domain.low), int(domain.high))
    elif field.type is float:
        strategy = st.floats(domain.low, domain.high)
    elif field.type is str:
        strategy = texts()
    elif field.type is list:
        held = texts().filter(bool) if field.name == "stop_strings" else texts()
        strategy = st.lists(held, max_size=4)
    elif field.name == "label_weights":
        strategy = st.dictionaries(texts(), st.floats(0, 100), max_size=3)
    elif field.type is dict:
        strategy = st.dictionaries(
            texts(), texts() | st.integers() | st.lists(texts() | st.integers()), max_size=3
        )
    else:
        raise TypeError(f"no strategy for {field.path}, of type {field.type.__name__}")
    return st.none() | strategy if field.optional else strategy


def flat_specs() -> st.SearchStrategy[dict[str, Any]]:
    """Return flat mappings that set some of the fields, from none to all."""
    return st.fixed_dictionaries({}, optional={field.name: values(field) for field in fields()})


def run_specs() -> st.SearchStrategy[RunSpec]:
    """Return valid specs."""
    return flat_specs().map(from_flat)
