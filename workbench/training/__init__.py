"""Training: from a spec to the best model in a run folder. Writes events; draws nothing."""
