"""Real files as people publish them, where they lie beside the checkout."""

import pytest

from workbench.data.table import read_table
from workbench.errors import DataError, SourceError
from workbench.sources import find_data

from .examples import SHARED, load

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the real data sets do not lie beside this checkout"
)


@pytest.mark.parametrize(
    ("place", "columns", "labels", "usable", "detected"),
    [
        ("sentiment/sst2", {"text": "1", "label": "0"}, ["0", "1"], 7370,
         ("utf-8", "tab", "none")),
        ("sentiment/waimai_10k_zh/train.csv", {"text": "review", "label": "label"},
         ["0", "1"], 8359, ("utf-8", "comma", "first row")),
        ("sentiment/chnsenticorp_htl_zh/train.csv", {"text": "review", "label": "label"},
         ["0", "1"], 4684, ("utf-8", "comma", "first row")),
        ("dirty/spam_kaggle_csv/spam.csv", {"text": "masseges", "label": "label"}, ["ham", "spam"],
         3994, ("utf-8", "comma", "first row")),
        ("pair_classification/mrpc",
         {"text": "#1 String", "text_pair": "#2 String", "label": "Quality"}, ["0", "1"], 4076,
         ("utf-8-sig", "tab", "first row")),
        ("regression/sick",
         {"text": "sentence_A", "text_pair": "sentence_B", "label": "entailment_judgment"},
         ["CONTRADICTION", "ENTAILMENT", "NEUTRAL"], 5000, ("utf-8", "tab", "first row")),
        ("dirty/mafengwo_reviews_bom/评论.csv", {"text": "评论内容", "label": "评分星级"},
         [f"s-star{i}" for i in range(1, 6)], 2948, ("utf-8-sig", "comma", "first row")),
        ("dirty/airline_tweets/Tweets.csv", {"text": "text", "label": "airline_sentiment"},
         ["negative", "neutral", "positive"], 6000, ("utf-8", "comma", "first row")),
        ("dirty/nhs_utf16le/utf-16le_encoded.csv",
         {"text": "Organisation_name", "label": "Organisation_classification"},
         ["Independent Hospitals", "NHS Facilities"], 172, ("utf-16", "comma", "first row")),
        ("dirty/jd_reviews_bom/京东评论.csv", {"text": "contents", "label": "productColor"},
         ["冰河蓝", "浩瀚黑"], 106, ("utf-8-sig", "comma", "first row")),
        ("transformers_samples/tests_samples/MRPC/train.csv",
         {"text": "sentence1", "text_pair": "sentence2", "label": "label"},
         ["equivalent", "not_equivalent"], 6, ("utf-8", "comma", "first row")),
    ],
)  # fmt: skip
def test_a_real_file_is_understood_without_any_settings(place, columns, labels, usable, detected):
    data = load(SHARED / place)
    assert data.columns == columns
    assert data.labels == labels
    assert sum(data.sizes.values()) == usable
    shown = (data.detected["encoding"], data.detected["delimiter"], data.detected["header"])
    assert shown == detected


def test_big5_is_recognised_and_read():
    data = load(SHARED / "dirty/taiwan_tourism_big5/characters.csv")
    assert data.detected["encoding"] == "big5"
    assert data.columns["text"] == "景點特色詳細文字簡述"


def test_scores_of_pairs_are_no_classes():
    with pytest.raises(DataError, match="no column looks like the label; there are 0, 1, 2"):
        load(SHARED / "regression/stsb_en/train.csv")
    with pytest.raises(DataError, match="values in 5,749 rows; that is no set of classes"):
        load(
            SHARED / "regression/stsb_en/train.csv",
            columns={"text": 0, "text_pair": 1, "label": 2},
        )


def test_feeds_in_old_encodings_are_read_in_the_right_one():
    from workbench.data.encoding import decode

    result = {"GB2312": "gb18030", "Big5": "big5", "SHIFT_JIS": "cp932", "EUC-JP": "euc_jp"}
    files = sorted((SHARED / "dirty/web_feeds_old_encodings").glob("*/*.xml"))
    assert len(files) == 15
    for file in files:
        decoded = decode(file.read_bytes(), "auto", file.name)
        assert decoded.encoding == result[file.parent.name], file
        assert decoded.notes == [], file


LISTED = {
    "Kaggle spam csv": "spam_kaggle_csv/spam.csv",
    "Chinese shop reviews csv": "jd_reviews_bom/京东评论.csv",
    "Chinese travel reviews csv": "mafengwo_reviews_bom/评论.csv",
    "health FAQ csv": "covid_faq_html/faq_covidbert.csv",
    "Taiwan tourism csv": "taiwan_tourism_big5/characters.csv",
    "NHS csv": "nhs_utf16le/utf-16le_encoded.csv",
    "airline tweets csv": "airline_tweets/Tweets.csv",
    "contract clauses csv": "cuad_clauses_huge_cells/master_clauses.csv",
    "reviews, old Excel": "review_xls/neg.xls",
    "tagged words, pretty-printed JSON objects in a row": "concatenated_json/conll_sample.json",
    "news summaries, pretty-printed JSON objects in a row": "concatenated_json/xsum_sample.json",
    "web feeds in old encodings (15)": "web_feeds_old_encodings/Big5/ebao.us.xml",
}


@pytest.mark.parametrize("listed", LISTED)
def test_the_docs_say_what_becomes_of_each_file(listed):
    from tiers import ROOT

    lines = (ROOT / "docs" / "data-files.md").read_text("utf-8").splitlines()
    (result,) = (line.split("|")[3] for line in lines if line.startswith(f"| {listed} |"))
    place = str(SHARED / "dirty" / LISTED[listed])
    try:
        (file,) = find_data(place).files
        frame, detected = read_table(file, known_names={"text", "label"})
    except SourceError as error:
        assert result.startswith(" refused: markup")
        assert "markup, which does not say what its rows are" in str(error)
        return
    width = len(frame.columns)
    shown = f"{len(frame):,} rows, {width} column{'s' * (width > 1)}"
    assert result.startswith(f" loads: {shown}")
    assert ("says" in result and "profile says" not in result) == bool(detected.notes)
