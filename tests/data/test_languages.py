"""The language of a text is told where there is enough of it."""

from workbench.data.languages import identify_languages


def test_languages_are_found_and_too_little_text_is_not_guessed_at():
    texts = [
        "The flight was late, but the crew was wonderful.",
        "这家酒店的服务很差，房间也不干净。",
        "Das Essen war gut und gar nicht teuer.",
        "これは日本語の文章です。",
        "ok",
        "12345",
        "",
    ]
    assert identify_languages(texts) == ["en", "zh", "de", "ja", "", "", ""]
