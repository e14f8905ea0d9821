"""Attention: where a model looked, as a record small enough to keep."""
