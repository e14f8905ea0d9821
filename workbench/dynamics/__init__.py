"""What training says of each of its rows, and what follows for their labels. No torch, no widgets.

Each pass leaves the loss of every row, the probability of its label, and the margin to the next
one: `record`. Over several passes they place the row on the dataset map: `measures`; and they
rank the labels that are likely wrong: `label_issues`.
"""

from .label_issues import RANKINGS, Ranking, expected_precision, flagged_indices, rank
from .measures import Measures, measure
from .record import Dynamics, DynamicsWriter, read_dynamics

__all__ = [
    "RANKINGS",
    "Dynamics",
    "DynamicsWriter",
    "Measures",
    "Ranking",
    "expected_precision",
    "flagged_indices",
    "measure",
    "rank",
    "read_dynamics",
]
