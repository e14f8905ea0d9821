"""What a model that follows instructions is asked, where the spec does not say: in plain words.

The words are those of the data's language. They go into the resolved spec, so a run is repeated
with the words that it had.
"""

from __future__ import annotations

from typing import Any

_NAMES = {
    "en": {
        "en": "English", "zh": "Chinese", "ja": "Japanese", "de": "German", "fr": "French",
        "es": "Spanish", "it": "Italian", "pt": "Portuguese", "ru": "Russian", "ko": "Korean",
        "ar": "Arabic", "nl": "Dutch",
    },
    "zh": {
        "en": "英语", "zh": "中文", "ja": "日语", "de": "德语", "fr": "法语", "es": "西班牙语",
        "it": "意大利语", "pt": "葡萄牙语", "ru": "俄语", "ko": "韩语", "ar": "阿拉伯语",
        "nl": "荷兰语",
    },
    "ja": {
        "en": "英語", "zh": "中国語", "ja": "日本語", "de": "ドイツ語", "fr": "フランス語",
        "es": "スペイン語", "it": "イタリア語", "pt": "ポルトガル語", "ru": "ロシア語",
        "ko": "韓国語", "ar": "アラビア語", "nl": "オランダ語",
    },
}  # fmt: skip
_SUMMARY = {
    "en": ("Summarize the following text in one sentence.",
           "Summarize the following text in about {count} sentences."),
    "zh": ("请用一句话概括下面的内容。", "请用大约{count}句话概括下面的内容。"),
    "ja": ("次の文章を一文で要約してください。", "次の文章を約{count}文で要約してください。"),
}  # fmt: skip
_TRANSLATION = {
    "en": "Translate the following text from {source} to {target}.",
    "zh": "请把下面的{source}翻译成{target}。",
    "ja": "次の{source}を{target}に翻訳してください。",
}

# What is written where a question has no answer.
NO_ANSWER = {"en": "unanswerable", "zh": "无法回答", "ja": "回答不能"}
_QUESTION = {
    "en": ("Answer the question with words from the text.",
           " If the text does not answer it, write: unanswerable.",
           "Text: {context}\n\nQuestion: {question}"),
    "zh": ("请用文中的词语回答问题。", "如果文中没有答案，请写：无法回答。",
           "文章：{context}\n\n问题：{question}"),
    "ja": ("文章の中の言葉で質問に答えてください。",
           "文章に答えがない場合は「回答不能」と書いてください。",
           "文章：{context}\n\n質問：{question}"),
}  # fmt: skip


def question_request(language: str, some_unanswerable: bool) -> str:
    """Return a prompt template that asks a question on a passage."""
    asked, none, texts = _QUESTION[_spoken(language)]
    return f"{asked}{none * some_unanswerable}\n\n{texts}"


def summary_request(language: str, sentences: float) -> str:
    """Return a prompt template that asks for a summary of about so many sentences."""
    one, several = _SUMMARY[_spoken(language)]
    count = max(1, round(sentences))
    return f"{one if count == 1 else several.replace('{count}', str(count))}\n\n{{source}}"


def translation_request(source: str, target: str) -> str:
    """Return a prompt template that asks for a translation; languages are codes such as `zh`."""
    spoken = _spoken(source)
    names = _NAMES[spoken]
    if source not in names or target not in names:
        return "Translate the following text.\n\n{source}"
    asked = _TRANSLATION[spoken].format(source=names[source], target=names[target])
    return f"{asked}\n\n{{source}}"


def code_of(given: str, fallback: str) -> str:
    """Return the language that the spec gives as a code (`zh_CN`, `zho_Hans`), or what was told."""
    letters = given.replace("-", "_").partition("_")[0].lower()
    return {"zho": "zh", "eng": "en", "jpn": "ja", "cmn": "zh"}.get(letters, letters) or fallback


def _spoken(language: str) -> Any:
    return language if language in _NAMES else "en"
