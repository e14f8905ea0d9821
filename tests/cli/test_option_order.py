"""Options may stand before, between and behind the other arguments of a command."""

import argparse
import itertools

import pytest

from workbench.cli import make_parser


def parse(*arguments):
    return vars(make_parser().parse_args(arguments))


@pytest.mark.parametrize(
    ("command", "others"),
    [
        (["predict"], ["RUN", "a text"]),
        (["predict"], ["RUN", "one", "two", "three"]),
        (["evaluate"], ["RUN"]),
        (["chat"], ["RUN"]),
        (["export"], ["RUN"]),
        (["train"], ["spec.yaml"]),
        (["runs", "list"], []),
        (["runs", "show"], ["RUN"]),
        (["runs", "compare"], ["ONE", "TWO"]),
        (["models", "show"], ["wheel:minilm"]),
    ],
)
def test_json_may_stand_anywhere(command, others):
    wanted = None
    for place in range(len(others) + 1):
        parsed = parse(*command, *others[:place], "--json", *others[place:])
        assert parsed["json"] is True
        wanted = wanted or parsed
        assert parsed == wanted, place
    if "text" in wanted:
        assert [wanted["run"], *wanted["text"]] == others


def test_options_with_a_value_may_stand_anywhere():
    wanted = parse("predict", "RUN", "one", "two", "--json", "--with", "text_pair=x")
    assert parse("recipes", "show", "--as", "cell", "NAME")["name"] == "NAME"
    parts = (["RUN"], ["--with", "text_pair=x"], ["one"], ["--json"], ["two"])
    for order in itertools.permutations(parts):
        places = [order.index(part) for part in (["RUN"], ["one"], ["two"])]
        if places == sorted(places):
            assert parse("predict", *itertools.chain(*order)) == wanted


def test_a_text_that_begins_with_a_dash_stands_behind_two():
    assert parse("predict", "RUN", "--json", "--", "-5 is cold")["text"] == ["-5 is cold"]
    assert parse("predict", "--json", "RUN", "--", "--json")["text"] == ["--json"]


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (["predict"], "the following arguments are required: RUN"),
        (["predict", "RUN", "--jsn"], "unrecognized arguments: --jsn"),
        (["evaluate", "RUN", "MORE"], "unrecognized arguments: MORE"),
        (["runs", "list", "--jsn"], "unrecognized arguments: --jsn"),
        (["attend", "RUN", "text"], "the following arguments are required: --out"),
    ],
)
def test_what_is_missing_or_unknown_is_still_said(arguments, result, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(*arguments)
    assert caught.value.code == 2
    assert result in capsys.readouterr().err


def test_every_command_can_be_asked_for_help(capsys):
    def walk(parser, before=()):
        groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        for name, inner in itertools.chain(*(group.choices.items() for group in groups)):
            with pytest.raises(SystemExit) as caught:
                parse(*before, name, "--help")
            assert caught.value.code == 0
            assert inner.prog.rpartition(" ")[2] in capsys.readouterr().out  # of an alias, the name
            walk(inner, (*before, name))

    walk(make_parser())
