"""Labelling: the journal of decisions, agreement between people, and the order of the queue."""

from .journal import Decision, Journal, row_key

__all__ = ["Decision", "Journal", "row_key"]
