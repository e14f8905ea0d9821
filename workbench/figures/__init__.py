"""Figures: from a record of a run to a plotly figure, and from that to a static image.

Pure functions, one definition a figure, no display call and no kernel. Every figure has a
sentence that says what to look for: `caption(name)`, with the function's name.
"""

from ._acts import describe_mark
from .attention import attention_picture
from .bundle import bundle, explained, image, interactive_page, summary
from .compare import compared_metric, compared_training_loss, compared_validation_loss
from .curves import (
    gradient_norm_curve,
    learning_rate_curve,
    loss_curves,
    metric_curves,
)
from .data import label_counts, length_histogram, measure_histogram
from .evaluation import (
    aspects,
    baselines,
    confusion_matrix,
    per_class,
    precision_recall_curves,
    reliability,
    roc_curves,
)
from .learning import dataset_map
from .lr_finder import lr_finder
from .numbers import predicted_against_true
from .profiling import languages, missing_cells, scripts, truncated_shares
from .schedule import schedule
from .svg import to_svg
from .theme import caption
from .training import training_curves

__all__ = [
    "aspects",
    "attention_picture",
    "baselines",
    "bundle",
    "caption",
    "compared_metric",
    "compared_training_loss",
    "compared_validation_loss",
    "confusion_matrix",
    "dataset_map",
    "describe_mark",
    "explained",
    "gradient_norm_curve",
    "image",
    "interactive_page",
    "label_counts",
    "languages",
    "learning_rate_curve",
    "length_histogram",
    "loss_curves",
    "lr_finder",
    "measure_histogram",
    "metric_curves",
    "missing_cells",
    "per_class",
    "precision_recall_curves",
    "predicted_against_true",
    "reliability",
    "roc_curves",
    "schedule",
    "scripts",
    "summary",
    "to_svg",
    "training_curves",
    "truncated_shares",
]
