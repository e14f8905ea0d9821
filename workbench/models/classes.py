"""Which class transformers makes of a config, for each of its Auto classes that we use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The public table behind each Auto class.
_TABLES = {
    "AutoModel": "MODEL_MAPPING",
    "AutoModelForCausalLM": "MODEL_FOR_CAUSAL_LM_MAPPING",
    "AutoModelForMaskedLM": "MODEL_FOR_MASKED_LM_MAPPING",
    "AutoModelForQuestionAnswering": "MODEL_FOR_QUESTION_ANSWERING_MAPPING",
    "AutoModelForSeq2SeqLM": "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING",
    "AutoModelForSequenceClassification": "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING",
    "AutoModelForTokenClassification": "MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING",
}


def classes_of(auto_class: str) -> Mapping[Any, Any]:
    """Return the class of model for each class of config that an Auto class knows."""
    import transformers

    return getattr(transformers, _TABLES[auto_class])
