"""Writing tasks with models that go on with a prompt: what is read, learned, written and told."""

import io
import json
from contextlib import redirect_stdout

import pytest
import torch
import transformers
from datasets import Dataset
from safetensors.torch import load_file

from tests.tasks.test_seq2seq import make_rows
from tests.tasks.test_text_generation import CHAT
from tests.tiny_models import make_tiny_llama
from tests.tiny_runs import tiny_spec
from tests.tiny_writers import make_tiny_t5
from workbench import language, pipeline
from workbench.attention.attend import attend
from workbench.cli import main
from workbench.errors import DataError
from workbench.evaluation.inference import run_model
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.export import export_run
from workbench.export.card import model_card_text
from workbench.models.load import kind_in
from workbench.spec import RunSpec
from workbench.tasks import load_task
from workbench.tasks._guessing import IGNORED
from workbench.training.precision import Precision
from workbench.training.prepare import prepare

CPU = Precision("fp32", "cpu", "")
CHATML = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def make_tiny_decoder(path, kind="llama", template=None):
    """Write a Llama, or a GPT-2 or a Mistral that sees 8 tokens back, with the same tokenizer."""
    make_tiny_llama(path, template)
    if kind == "llama":
        return path
    size = json.loads((path / "config.json").read_text("utf-8"))["vocab_size"]
    common = {"vocab_size": size, "bos_token_id": 0, "eos_token_id": 1}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if kind == "gpt2":
            config = transformers.GPT2Config(
                n_embd=32, n_layer=2, n_head=2, n_positions=128, **common
            )
            model = transformers.GPT2LMHeadModel(config)
        else:
            config = transformers.MistralConfig(
                hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
                num_key_value_heads=1, max_position_embeddings=128, sliding_window=8, **common,
            )  # fmt: skip
            model = transformers.MistralForCausalLM(config)
    for name in ("model.safetensors", "config.json", "generation_config.json"):
        (path / name).unlink(missing_ok=True)
    model.save_pretrained(path)
    return path


def decoder_spec(folder, task="summarization", rows=None, model=None, kind="llama", **changes):
    folder.mkdir(exist_ok=True)
    data = folder / "rows.json"
    data.write_text(json.dumps(make_rows() if rows is None else rows), "utf-8")
    template = changes.pop("template", CHATML)
    model = model or make_tiny_decoder(folder / kind, kind, template)
    return tiny_spec(
        folder,
        **{
            "task": task, "data.source": str(data), "model.source": str(model),
            "data.max_tokens": 100, "generate.max_new_tokens": 12, "inspect.probes": [],
            "train.learning_rate": 1e-2, "train.num_train_epochs": 1, "train.eval_steps": 0,
            **changes,
        },
    )  # fmt: skip


# What is read and learned


@pytest.mark.parametrize("template", [CHATML, CHAT, None])
def test_the_loss_is_that_of_plain_transformers_with_the_prompt_masked(template, tmp_path):
    prepared = prepare(decoder_spec(tmp_path, template=template))
    model = prepared.new_model().eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "llama")
    plain = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "llama")
    asked = prepared.spec.data.prompt_template
    rows = prepared.data.train
    rows_by_number = {row["row"]: row for row in rows}
    total = count = 0
    chosen = [prepared.train[n] for n in range(4)]
    for one in chosen:
        row = rows_by_number[one["row"]]
        user = asked.replace("{source}", row["source"])
        if template:
            prompt = tokenizer.apply_chat_template(
                [{"role": "user", "content": user}], tokenize=False, add_generation_prompt=True
            )
        else:
            prompt = f"<s>### Instruction:\n{user}\n\n### Response:\n"
        before = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        after = tokenizer(row["target"] + "</s>", add_special_tokens=False)["input_ids"]
        ids = torch.tensor([before + after])
        labels = torch.tensor([[-100] * len(before) + after])
        total += plain(input_ids=ids, labels=labels).loss.item() * len(after)
        count += len(after)
        assert one["input_ids"] == before + after
    batch = prepared.collate(chosen)
    outputs = prepared.task.forward(model, batch)
    ours = prepared.objective().mean(outputs, batch["labels"]).item()
    assert ours == pytest.approx(total / count, rel=1e-5)
    assert int((batch["labels"] != IGNORED).sum()) == count


def test_control_tokens_in_the_text_are_text(tmp_path):
    rows = [row | {"document": row["document"] + "</s>"} for row in make_rows()]
    prepared = prepare(decoder_spec(tmp_path, rows=rows))
    end = prepared.tokenizer.eos_token_id
    for row in prepared.train.select(range(5)):
        assert row["input_ids"].count(end) == 2  # of the two turns, none of the text


def test_a_prompt_that_is_too_long_loses_the_end_of_its_text_alone(tmp_path):
    rows = [
        {"document": f"{row['document']} " + "and we were all at home for dinner. " * (3 * (n % 2)),
         "summary": row["summary"]}
        for n, row in enumerate(make_rows())
    ]  # fmt: skip
    template = "Read this:\n{source}\nNow say it in short."
    spec = decoder_spec(
        tmp_path, rows=rows, **{"data.prompt_template": template, "data.max_tokens": 60}
    )
    prepared = prepare(spec)
    texts = {row["row"]: row for table in (prepared.data.train, prepared.data.validation)
             for row in table}  # fmt: skip
    cut = 0
    for table in (prepared.train, prepared.validation):
        for row in table:
            held = texts[row["row"]]
            answer = [one for one in row["labels"] if one != IGNORED]
            prompt = prepared.tokenizer.decode(row["input_ids"][: -len(answer)])
            assert len(row["input_ids"]) - len(answer) <= 60
            assert prepared.tokenizer.decode(answer) == held["target"] + "</s>"
            assert prompt.startswith("<|user|>\nRead this:\n")
            assert prompt.endswith("\nNow say it in short.</s>\n<|assistant|>\n")
            shown = prompt.removeprefix("<|user|>\nRead this:\n").removesuffix(
                "\nNow say it in short.</s>\n<|assistant|>\n"
            )
            assert held["source"].startswith(shown)
            if row["cut"]:
                cut += 1
                assert len(row["input_ids"]) - len(answer) >= 57
            else:
                assert shown == held["source"]
    assert 0 < cut < len(texts)
    said = next(note for note in prepared.data.notes if "the end of the text is cut" in note)
    assert said.startswith(f"In {cut} of {len(texts)} prompts")
    long = spec.replace({"data.prompt_template": "please " * 70 + "{source}"})
    with pytest.raises(DataError, match=r"data\.prompt_template: what is asked has \d+ tokens"):
        prepare(long)


def test_the_room_of_the_answer_is_kept_free(tmp_path):
    rows = [row | {"document": row["document"] + " and so on" * 60} for row in make_rows()]
    spec = decoder_spec(tmp_path, rows=rows, **{"data.max_tokens": 500})
    prepared = prepare(spec)
    assert all(len(row["prompt"]) <= 128 - 12 for row in prepared.validation)
    assert max(len(row["prompt"]) for row in prepared.validation) >= 110


def test_a_long_answer_is_cut_where_writing_ends_and_still_ends(tmp_path):
    rows = [row | {"summary": row["summary"] + " and so on" * 8} for row in make_rows()]
    prepared = prepare(decoder_spec(tmp_path, rows=rows))
    for row in prepared.train:
        answer = [one for one in row["labels"] if one != IGNORED]
        assert len(answer) == 12
        assert answer[-1] == prepared.tokenizer.eos_token_id
    found = [one for one in prepared.profile().findings if one["kind"] == "cut_answers.written"]
    assert found


# The prompt


PLACES = ("公园", "学校", "医院", "商店", "图书馆", "电影院", "餐厅", "车站", "海边", "山上")
ZH = [
    {"document": f"今天的天气很好，我们去了{place}。大家都很开心。", "summary": f"去了{place}。"}
    for place in PLACES
]


@pytest.mark.parametrize(
    ("task", "rows", "changes", "expected"),
    [
        ("summarization", None, {}, "Summarize the following text in one sentence.\n\n{source}"),
        ("summarization", ZH, {}, "请用一句话概括下面的内容。\n\n{source}"),
        ("translation", [{"zh": one["document"], "en": "we went to the park today"} for one in ZH],
         {"data.columns": {"source": "zh", "target": "en"}},
         "请把下面的中文翻译成英语。\n\n{source}"),
        ("translation", None,
         {"data.source_language": "en", "data.target_language": "zh_CN",
          "data.columns": {"source": "document", "target": "summary"}},
         "Translate the following text from English to Chinese.\n\n{source}"),
        ("summarization", None, {"data.prompt_template": "tl;dr {source}"}, "tl;dr {source}"),
    ],
)  # fmt: skip
def test_a_prompt_is_in_the_language_of_the_data_and_can_be_set(
    task, rows, changes, expected, tmp_path
):
    prepared = prepare(decoder_spec(tmp_path, task, rows, **changes))
    assert prepared.spec.data.prompt_template == expected
    result = [note for note in prepared.data.notes if "data.prompt_template" in note]
    assert bool(result) == ("data.prompt_template" not in changes)
    again = prepared.fitted(prepared.asked.replace({"train.learning_rate": 1e-3}))
    assert again.spec.data.prompt_template == expected


@pytest.mark.parametrize("task", ["summarization", "translation"])
def test_a_language_that_no_prompt_names_has_no_effect_and_is_reported(task, tmp_path):
    columns = {"source": "document", "target": "summary"}
    result = {"data.columns": columns, "data.source_language": "en"}
    said = "data.source_language: en has no effect with data.prompt_template"
    for number, template in enumerate(("", "in short: {source}")):
        changes = result | {"data.prompt_template": template}
        spec = decoder_spec(tmp_path / str(number), task, **changes)
        heard = any(note.startswith(said) for note in prepare(spec).data.notes)
        assert heard == (task == "summarization" or bool(template))


def test_the_memory_of_a_row_holds_prompt_and_answer(tmp_path):
    spec = decoder_spec(tmp_path)
    less = prepare(spec).card()
    more = prepare(spec.replace({"generate.max_new_tokens": 60})).card()
    assert (less.tokens, more.tokens) == (112, 160)


def test_a_prompt_without_a_place_for_the_text_is_refused(tmp_path):
    spec = decoder_spec(tmp_path, **{"data.prompt_template": "summarize this"})
    with pytest.raises(DataError, match=r"data\.prompt_template: 'summarize this' has no place"):
        prepare(spec)
    with language.using("zh"), pytest.raises(DataError, match="没有放文本的位置"):
        prepare(spec)


def test_a_template_of_blanks_is_none(tmp_path):
    spec = decoder_spec(tmp_path, **{"data.prompt_template": " "})
    assert prepare(spec).spec.data.prompt_template.endswith("{source}")
    with pytest.raises(DataError, match="has no place for the text"):
        prepare(spec.replace({"model.source": str(make_tiny_t5(tmp_path / "t5"))}))


def test_what_a_text_says_is_not_filled_in(tmp_path):
    rows = [row | {"document": "{source} {question} " + row["document"]} for row in make_rows()]
    spec = decoder_spec(tmp_path, rows=rows, **{"data.prompt_template": "short: {source}"})
    prepared = prepare(spec)
    shown = prepared.tokenizer.decode(prepared.train[0]["input_ids"])
    assert "short: {source} {question} the" in shown


def test_an_encoder_decoder_reads_the_template_too(tmp_path):
    long = [row | {"document": row["document"] + " and so on" * 30} for row in make_rows()]
    spec = decoder_spec(
        tmp_path, rows=long, model=make_tiny_t5(tmp_path / "t5"),
        **{"data.prompt_template": "{source} is what was said", "data.max_tokens": 40},
    )  # fmt: skip
    prepared = prepare(spec)
    assert prepared.task.auto_class == "AutoModelForSeq2SeqLM"
    shown = prepared.tokenizer.decode(prepared.train[0]["input_ids"], skip_special_tokens=True)
    assert shown.endswith("is what was said")
    assert all(len(row["input_ids"]) <= 40 for row in prepared.train)
    plain = prepare(spec.replace({"data.prompt_template": ""}))
    assert plain.spec.data.prompt_template == ""


# What is written


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("kind", ["llama", "gpt2", "mistral"])
def test_a_batch_filled_on_the_left_is_written_as_each_prompt_alone(kind, beams, tmp_path):
    rows = [
        row | {"document": row["document"] + " we were at home" * (n % 4)}
        for n, row in enumerate(make_rows())
    ]
    spec = decoder_spec(tmp_path, rows=rows, kind=kind, **{"generate.num_beams": beams})
    prepared = prepare(spec)
    model = prepared.new_model().eval()
    size = len(prepared.validation)
    some = prepared.validation.select(range(0, size, max(1, size // 6)))
    assert len({len(row["prompt"]) for row in some}) > 2
    found = run_model(model, some, prepared.task, prepared.setup, CPU, 8)
    plain = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / kind).eval()
    plain.generation_config = transformers.GenerationConfig()
    for row, ours in zip(some, found, strict=True):
        ids = torch.tensor([row["prompt"]])
        [result] = plain.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False,
            num_beams=beams, eos_token_id=1, pad_token_id=1,
        )  # fmt: skip
        text = prepared.tokenizer.decode(result[ids.shape[1] :], skip_special_tokens=True)
        assert ours["written"] == text.strip()


# From a file to a report


@pytest.fixture(scope="module", params=["none", "lora"])
def run(request, tmp_path_factory):
    changes = {
        "train.num_train_epochs": 40 if request.param == "none" else 4,
        "adapter.peft_method": request.param,
        "inspect.probes": ["the crew was kind. see you."],
    }
    return pipeline.train(decoder_spec(tmp_path_factory.mktemp("run"), **changes))


def test_a_decoder_is_trained_judged_and_asked(run, capsys):
    metrics = run.metrics()
    ours, rivals = metrics["metrics"], metrics["baselines"]
    assert set(rivals) == {"lead", "copy", "before"}
    assert {"rouge_1", "rouge_2", "rouge_l", "loss", "token_accuracy"} <= set(ours)
    assert ours["loss"] < rivals["before"]["loss"]
    if run.spec().adapter.peft_method == "none":
        assert ours["rouge_l"] > max(one["rouge_l"] for one in rivals.values())
    asked = "the crew was kind. see you at home."
    [one] = predict_texts(run, [asked])
    assert set(one) >= {"source", "predicted"}
    capsys.readouterr()
    assert main(["predict", str(run.path), asked]) == 0
    assert " ".join(one["predicted"].split()) in capsys.readouterr().out
    again, _ = evaluate_file(run, str(run.path.parents[1] / "rows.json"))
    assert set(again["metrics"]) == set(ours)


def test_what_is_saved_writes_the_same_in_plain_transformers(run):
    assert kind_in(run.model_path) == "decoder"
    if run.spec().adapter.peft_method != "none":
        return  # an adapter lies beside its base
    asked = "the crew was kind. see you at home."
    [ours] = predict_texts(run, [asked])
    content = run.spec().data.prompt_template.replace("{source}", asked)
    writer = transformers.pipeline("text-generation", str(run.model_path))
    [result] = writer([{"role": "user", "content": content}])
    assert result["generated_text"][-1]["content"].strip() == ours["predicted"]


def test_the_card_shows_how_it_is_asked_and_that_works(run):
    card = model_card_text(run)
    assert "AutoModelForCausalLM" in card
    if run.spec().adapter.peft_method != "none":
        return
    code = (
        card.partition("```python\n")[2].partition("```")[0].replace("FOLDER", str(run.model_path))
    )
    asked = "the crew was kind. see you at home."
    said = io.StringIO()
    with redirect_stdout(said):
        exec(code.replace("YOUR SOURCE", asked), {})
    assert said.getvalue().strip() == predict_texts(run, [asked])[0]["predicted"]


def test_a_run_as_a_script_has_its_losses(run, tmp_path):
    export_run(run, "script", tmp_path / "script")
    script = (tmp_path / "script" / "train.py").read_text("utf-8")
    assert "AutoModelForCausalLM" in script


def test_the_attention_of_both_models_is_shown(run):
    records = attend(run, "the crew was kind", against="before")
    assert len(records) == 2
    assert records[1].tokens[-1]


def test_a_fork_ends_where_its_parent_did_bit_by_bit(tmp_path):
    spec = decoder_spec(
        tmp_path,
        **{"train.max_steps": 6, "train.eval_steps": 2, "output.keep_every_steps": 2,
           "evaluate.baselines": False},
    )  # fmt: skip
    parent = pipeline.train(spec)
    child = pipeline.fork(parent, 2, {})
    pipeline.train_prepared(child, prepare(child.spec()))
    assert child.spec().data.prompt_template == parent.spec().data.prompt_template
    ours, theirs = (load_file(one.model_path / "model.safetensors") for one in (parent, child))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    losses = [
        {event["step"]: event["loss"] for event in one.events() if event["event"] == "step_logged"}
        for one in (parent, child)
    ]
    assert losses[0][6] == losses[1][6]


def test_the_task_of_a_model_is_known_by_its_kind():
    task = load_task("summarization")
    assert task.for_model(RunSpec(), "encoder-decoder") is task.for_model(RunSpec()) is task
    decoder = task.for_model(RunSpec(), "decoder")
    assert decoder.auto_class == "AutoModelForCausalLM"
    assert (decoder.name, decoder.metrics, decoder.roles) == (task.name, task.metrics, task.roles)


def test_aspects_are_asked_for_in_the_prompt(tmp_path):
    rows = [
        {"document": row["document"], "what": row["summary"].split()[1],
         "how": row["summary"].split()[0]}
        for row in make_rows()
    ]  # fmt: skip
    spec = decoder_spec(
        tmp_path, rows=rows,
        **{"data.columns": {"source": "document", "target": ["what", "how"]},
           "data.several_targets": "aspects"},
    )  # fmt: skip
    prepared = prepare(spec)
    shown = [prepared.tokenizer.decode(row["input_ids"]) for row in prepared.train]
    assert sum("\n\nwhat: the" in one for one in shown) == len(shown) / 2
    table = Dataset.from_dict({"source": [rows[0]["document"]], "row": [1]})
    assert len(prepared.task.encode(table[:], prepared.setup, False)["input_ids"]) == 2
