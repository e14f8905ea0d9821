"""ES modules become one text that needs neither the network nor a bundler."""

import re
from importlib import resources

import pytest

from workbench import static
from workbench.static import script, style

FOLDER = resources.files("workbench.static")
MODULES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js"))
SHEETS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.css"))
# What a notebook's widget and a page begin with; everything else is imported by these.
ENTRIES = [name for name in MODULES if re.search(r"(?m)^export default", static._read(name))]
PAGES = ["attention/page.js"]


@pytest.fixture
def modules(monkeypatch):
    """Return a function that sets what lies in the folder."""
    files = {}
    monkeypatch.setattr(static, "_read", files.__getitem__)
    script.cache_clear()
    yield lambda **texts: files.update({f"{k}.js": v for k, v in texts.items()})
    script.cache_clear()


def imported_by(name):
    """Return a module and all that it imports, by the paths alone."""
    found, waiting = set(), [name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            folder = FOLDER.joinpath(name).parent
            paths = re.findall(r'(?m)^(?:import|}).* from "(\.[^"]+)"', static._read(name))
            waiting += [
                (folder / path).resolve().relative_to(FOLDER.resolve()).as_posix() for path in paths
            ]
    return found


def test_each_widget_and_page_has_a_module_to_begin_with_and_none_lies_about():
    assert len(ENTRIES) == 8
    assert set.union(*map(imported_by, ENTRIES + PAGES)) == set(MODULES)


@pytest.mark.parametrize("entry", ENTRIES + PAGES)
def test_a_linked_script_stands_alone(entry):
    text = script(entry)
    assert not re.search(r"(?m)^\s*import\b|\bimport\(|from \"", text)
    assert len(re.findall(r"(?m)^const \$", text)) == len(imported_by(entry)) - 1
    assert ("export default" in text) == (entry in ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES + PAGES)
def test_a_linked_script_can_lie_in_a_page(entry):
    text = script(entry)
    assert not re.search(r"(?m)^\s*(//|/\*\*)", text), "comments stay behind"
    assert "</script" not in text
    assert "<!--" not in text


@pytest.mark.parametrize("name", MODULES + SHEETS)
def test_nothing_reaches_for_the_network_or_writes_markup_from_data(name):
    text = static._COMMENT.sub("", style(name))
    assert not re.search(r"https?:|fetch\(|XMLHttp|WebSocket|import\(|@import|url\(", text)
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert sink not in text
    assert "</style" not in text


def test_names_stay_private_to_their_module(modules):
    modules(
        one="const name = 1;\nexport function first() { return name; }\n",
        two='import { first as other } from "./one.js";\nconst name = 2;\n'
        "export const second = () => other() + name;\n",
        entry='import {\n  second,\n} from "./two.js";\nexport default { second };\n',
    )
    assert script("entry.js") == (
        "const $one = (() => {\n"
        "const name = 1;\nfunction first() { return name; }\n"
        "return { first };\n})();\n"
        "const $two = (() => {\n"
        "const { first: other } = $one;\nconst name = 2;\n"
        "const second = () => other() + name;\n"
        "return { second };\n})();\n"
        "const { second } = $two;\nexport default { second };\n"
    )


def test_a_module_that_two_others_import_is_there_once(modules):
    modules(
        shared="export const state = [];\n",
        left='import { state } from "./shared.js";\nexport const add = () => state.push(1);\n',
        entry='import { add } from "./left.js";\nimport { state } from "./shared.js";\n'
        "export default { add, state };\n",
    )
    assert script("entry.js").count("const state = [];") == 1


def test_comments_go_and_code_beside_them_stays(modules):
    modules(
        entry="/** A doc\n * of two lines. */\nexport function a() {\n  // why\n"
        '  /** @type {any} */ (b).c();\n  return "/** no */ // no"; /** @type {x} */\n}\n'
    )
    assert script("entry.js") == (
        "export function a() {\n"
        '  /** @type {any} */ (b).c();\n  return "/** no */ // no"; /** @type {x} */\n}\n'
    )


@pytest.mark.parametrize(
    "line",
    [
        "export let count = 0;",
        "export { first };",
        'export * from "./one.js";',
        "export default function () {}",
        'import one from "./one.js";',
        'import * as one from "./one.js";',
        'import "./one.js";',
        'import { one } from "elsewhere";',
        "export const [a, b] = [1, 2];",
    ],
)
def test_what_cannot_be_linked_is_refused(modules, line):
    modules(
        one="export const first = 1;\n",
        two=f"{line}\nexport const second = 2;\n",
        entry='import { second } from "./two.js";\nexport default { second };\n',
    )
    with pytest.raises(ValueError, match=r"two\.js: '.*' cannot be linked"):
        script("entry.js")


def test_an_entry_that_imports_otherwise_is_refused(modules):
    modules(entry='import * as one from "./one.js";\nexport default {};\n')
    with pytest.raises(ValueError, match=r"entry\.js: 'import \* as one.*' cannot be linked"):
        script("entry.js")


def test_a_name_that_is_not_exported_is_refused(modules):
    modules(
        one="const first = 1;\n",
        entry='import { first } from "./one.js";\nexport default {};\n',
    )
    with pytest.raises(ValueError, match=r"one\.js exports no 'first'"):
        script("entry.js")


def test_a_circle_is_refused(modules):
    modules(
        one='import { b } from "./two.js";\nexport const a = 1;\n',
        two='import { a } from "./one.js";\nexport const b = 1;\n',
        entry='import { a } from "./one.js";\nexport default {};\n',
    )
    with pytest.raises(ValueError, match=r"circle: entry\.js → one\.js → two\.js → one\.js"):
        script("entry.js")
