"""What transformers' own Trainer makes of a run: the same rows, in the same order."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from workbench.runs import EventWriter, RunFolder, read_events
from workbench.training.loop import TrainingLoop
from workbench.training.prepare import Prepared
from workbench.training.run import quiet_libraries

# These fields of `spec.train` go to `TrainingArguments` under the same name.
SAME_NAME = (
    "learning_rate", "num_train_epochs", "max_steps", "per_device_train_batch_size",
    "gradient_accumulation_steps", "lr_scheduler_type", "warmup_steps", "weight_decay",
    "max_grad_norm", "label_smoothing_factor", "optim", "train_sampling_strategy", "seed",
)  # fmt: skip

Point = dict[str, float]


def by_trainer(prepared: Prepared) -> list[Point]:
    """Return loss, norm of the gradient and learning rate of each step, by the Trainer.

    The model computes its own loss from the labels, as it does for everybody.
    """
    from transformers import PrinterCallback, Trainer, TrainingArguments

    with tempfile.TemporaryDirectory() as folder, quiet_libraries():
        model = without_dropout(prepared.new_model())
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                **{name: getattr(prepared.spec.train, name) for name in SAME_NAME},
                logging_steps=1,
                use_cpu=True,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                remove_unused_columns=False,
            ),
            train_dataset=prepared.train,
            data_collator=lambda rows: for_model(prepared, model, prepared.collate(rows)),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return [shown(entry) for entry in trainer.state.log_history if "grad_norm" in entry]


def by_workbench(prepared: Prepared) -> list[Point]:
    """Return the same of each step, by the workbench."""
    with tempfile.TemporaryDirectory() as folder, quiet_libraries():
        run = RunFolder(Path(folder))
        writer = EventWriter(run.events_path)
        loop = TrainingLoop(prepared, run, writer, without_dropout(prepared.new_model()))
        loop.discard = True
        loop.evaluate_now = lambda: False
        loop.run_to_end()
        writer.close()
        events = list(read_events(run.events_path))
    return [shown(event) for event in events if event["event"] == "step_logged"]


def shown(entry: dict[str, Any]) -> Point:
    """Return what is compared of a step."""
    return {name: entry[name] for name in ("loss", "grad_norm", "learning_rate")}


def without_dropout(model: Any) -> Any:
    """Take chance out of a model, so that two ways of training it can be compared."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name in ("attention_dropout", "dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    return model


def for_model(prepared: Prepared, model: Any, batch: dict[str, Any]) -> dict[str, Any]:
    """Return a batch as a model wants its labels."""
    labels = batch["labels"]
    if prepared.task.name == "question-answering":
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        return inputs | {"start_positions": labels[:, 0], "end_positions": labels[:, 1]}
    if prepared.spec.train.label_smoothing_factor and model.config.is_encoder_decoder:
        # As DataCollatorForSeq2Seq does: with smoothing, the Trainer keeps the labels to itself.
        read = model.prepare_decoder_input_ids_from_labels(labels=labels)
        return batch | {"decoder_input_ids": read}
    return batch
