"""Cleaning: what each step of `data.cleaning` does to the rows of a table.

A step's parameters stand in `workbench/spec/cleaning.py`. What it does is the function of its
name: in `texts.py`, if it changes texts one by one, in `labels.py` or `rows.py`, if it looks at
all rows.
"""

from .apply import clean_table, clean_texts, function_of, name_of
from .record import Cleaned, Done, Example, left_notes, notes_of

__all__ = [
    "Cleaned",
    "Done",
    "Example",
    "clean_table",
    "clean_texts",
    "function_of",
    "left_notes",
    "name_of",
    "notes_of",
]
