"""The report of a run: one HTML file that needs no network and no kernel."""

from .facts import card_facts, data_facts, run_headline
from .page import render, write_report

__all__ = ["card_facts", "data_facts", "render", "run_headline", "write_report"]
