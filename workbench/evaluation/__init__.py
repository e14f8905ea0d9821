"""Evaluation: how good a run's model is, and where it errs."""
