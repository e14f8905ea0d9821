"""Profiling a source: what is in it, and what in it would spoil a result, linked to its rows."""

from .record import AUDITED, HARMFUL, Finding, SourceProfile
from .run import Profiled, profile_source

__all__ = ["AUDITED", "HARMFUL", "Finding", "Profiled", "SourceProfile", "profile_source"]
