r"""The book's own rules, checked on every notebook, and every check shown to fail on a notebook made wrong on purpose.

A check is a function that takes a chapter and returns a list of problems. Each is run on each chapter that `_toc.yml`
lists, on a small good chapter (`sample.py`), and on copies of that chapter with one fault planted.

**Numbers in prose.** In each `##` section every number of the prose must be backed by that section's code. What stands
before the first `##`, the summary card above all, belongs to the first section. `## Further reading` is left out.

Prose is the text of paragraphs, lists, tables and quotations, the formulas, and the alternative texts of figures. Of
its numbers these must be backed:

- every number with decimals or an exponent (`0.5`, `1e-3`, `$10^{-3}$`, `1.2×10⁻⁵`), and every integer from 10 on;
- every percentage (`5 %`, `5 per cent`) and every factor (`4 times`, `4×`, `4-fold`), however small.

These need no backing: other integers below 10; exponents, indices and tags in formulas; headings; code, unless a number
is all it says; double-quoted words; ids of the ledger; identifiers and addresses; a year after a name (Huber, 1964);
digits glued to letters (float32, 16-bit, top-10, 5th); labels (Figure 12, equation (12), or only (12)); versions
(Python 3.12).

A number is backed by a number in an output of the section, or by a numeric literal inside one of its assertions: an
`assert`, or a call of a function whose name starts with `assert_`. The backing number may carry more digits: 1.3719
backs 1.372 and 1.37, and by the same rounding 0.9512 backs 95 %. A minus sign in the prose needs a negative number;
without one either sign will do ("falls by 0.5").
"""

import ast
import posixpath
import re
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from types import ModuleType
from unittest import mock

import pytest
from markdown_it.token import Token
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from book import (
    FREER_PARTS,
    Chapter,
    Section,
    alt_text,
    called,
    calls,
    card_rows,
    chapters,
    config,
    has_figure,
    headings,
    image_types,
    inlines,
    inside,
    is_assertion,
    is_collapsed,
    links,
    parse,
    plain,
    printed,
    python,
    report,
    title,
    tree,
)
from claims import claims, evidence, prose
from lossbook.teaching import exercises
from sample import sample, text

LOSS_CARD = ["Predicts", "Input", "Target", "Range", "Minimised by", "Gradient", "Origin", "PyTorch", "lossbook"]
ACTIVATION_CARD = ["Maps", "Formula", "Range", "Derivative", "Pairs with", "Never with", "PyTorch", "lossbook"]
HEADINGS = [
    "The question",
    "Derivation",
    "The gradient",
    "In code",
    "What it looks like",
    "What it does to a model",
    "Where it breaks",
    "What the sources say",
    "Exercises",
    "Summary",
    "Further reading",
]
FREER_HEADINGS = ["The question", *HEADINGS[6:]]

# What `exercises.check` prints.
UNWRITTEN = "not written yet"
RIGHT = ": right, on all"

MOST_LINES = 30
WIDEST_LINE = 100
SHORTEST_ALT = 60
LONGEST_QUOTE = 40

PRIMARY_SOURCE = re.compile(r"https://(doi\.org/10\.\d{4,}/|arxiv\.org/abs/\d{4}\.\d{4,})")


def title_of(cell: NotebookNode) -> str:
    """Name a cell by its first line."""
    return repr(cell.source.split("\n", 1)[0])


# --- Anatomy ----------------------------------------------------------------------------------------------------------


def title_problems(chapter: Chapter) -> list[str]:
    """The first cell begins with the title, and there is no other."""
    titles = [name for level, name in headings(chapter.tokens) if level == 1]
    if len(titles) != 1 or not chapter.notebook.cells[0].source.startswith("# "):
        return [f"the first cell must begin with the only title `# ...`; titles: {titles}"]
    return []


def card_problems(chapter: Chapter) -> list[str]:
    """The first cell says when to use the loss and when to avoid it, and has the table with its part's rows."""
    rows = card_rows(chapter)
    if not rows:
        return ["the first cell holds no summary card (a table)"]
    problems = []
    if any(len(row) != 2 or not all(cell.content.strip() for cell in row) for row in rows):
        problems.append("the summary card must have two columns and no empty cell")
    paragraphs = [plain(i) for p in inside(parse(chapter.notebook.cells[0].source), "paragraph") for i in p]
    sentence = " ".join(words for words in paragraphs if not words.startswith("Read first:"))
    if not sentence:
        problems.append("no sentence before the summary card's table")
    if chapter.part in FREER_PARTS:
        return problems
    if not all(re.search(rf"\b{word}\b", sentence, re.IGNORECASE) for word in ("use", "avoid")):
        problems.append("the summary card must say when to use it and when to avoid it")
    expected = ACTIVATION_CARD if chapter.part == "activations" else LOSS_CARD
    labels = [plain(row[0]) for row in rows[1:]]
    if labels != expected:
        problems.append(f"the summary card's rows are {labels}, not {expected}")
    return problems


def prerequisite_problems(chapter: Chapter) -> list[str]:
    """Before the summary card's table stands what to read first: at most three earlier chapters, or "nothing"."""
    paragraphs = inside(parse(chapter.notebook.cells[0].source.partition("\n|")[0]), "paragraph")
    lines = [inline for (inline,) in paragraphs if inline.content.startswith("**Read first:**")]
    if len(lines) != 1:
        return ["the first cell needs, before its table, one paragraph '**Read first:** ...'"]
    names = [posixpath.normpath(f"{chapter.part}/{link}").removesuffix(".ipynb") for link in links(lines)]
    order = [*chapters(), chapter.name]
    problems = [f"{name} is no earlier chapter" for name in names if name not in order[: order.index(chapter.name)]]
    if len(names) > 3:
        problems.append(f"{len(names)} chapters to read first, more than three")
    titles = ", ".join(title(chapters()[name]).partition(":")[0] for name in names if name in chapters())
    if plain(lines[0]) != f"Read first: {titles or 'nothing'}":
        problems.append(f"what to read first is named {plain(lines[0])!r}, not by the titles: {titles or 'nothing'}")
    return problems


def heading_problems(chapter: Chapter) -> list[str]:
    """The `##` headings are those of DESIGN.md, in that order; foundations and practice are freer in between."""
    found = [section.heading for section in chapter.sections]
    repeated = [name for name, count in Counter(headings(chapter.tokens)).items() if count > 1]
    problems = [f"the heading {name!r} stands there twice" for _, name in repeated]
    if chapter.part not in FREER_PARTS:
        return problems + [f"the headings are {found}, not {HEADINGS}"] * (found != HEADINGS)
    fixed = [heading for heading in found if heading in FREER_HEADINGS]
    expected = [heading for heading in FREER_HEADINGS if heading in found or chapter.part == "foundations"]
    if found[:1] != ["The question"] or fixed != expected:
        problems.append(f"of {FREER_HEADINGS}, the first is not first or some are missing or out of order: {found}")
    return problems


def exercise_problems(chapter: Chapter) -> list[str]:
    """Two to four exercises, each with a stub that gives feedback and a collapsed solution that is right."""
    section = chapter.section("Exercises")
    if not section.items:
        return []  # heading_problems says where the section must be
    parts = section.split(3)[1:]
    problems = [] if 2 <= len(parts) <= 4 else [f"{len(parts)} exercises, not two to four"]
    for number, part in enumerate(parts, start=1):
        if not re.fullmatch(rf"Exercise {number}: .+", part.heading):
            problems.append(f"{part.heading!r} should be 'Exercise {number}: ...'")
        problems += [f"{part.heading!r}: {problem}" for problem in answer_problems(part.cells)]
    return problems


def answer_problems(cells: list[NotebookNode]) -> list[str]:
    """Return what is wrong with an exercise's stub (its first cell) and its solution (its last)."""
    if len(cells) < 2:
        return ["there must be a stub cell and a solution cell"]
    stub, solution, problems = cells[0], cells[-1], []
    if not all("exercises.check" in calls(cell) for cell in (stub, solution)):
        problems.append("stub and solution must each call exercises.check(...)")
    if is_collapsed(stub) or UNWRITTEN not in printed(stub):
        problems.append("the stub must be visible, and its output must say that it is not written yet")
    if "hide-cell" not in solution.metadata.get("tags", []) or not solution.source.startswith("#@title Solution"):
        problems.append("the solution must be tagged hide-cell and begin with #@title Solution")
    if RIGHT not in printed(solution):
        problems.append("the solution's stored output must say that it is right")
    return problems


def reading_problems(chapter: Chapter) -> list[str]:
    """Further reading is a list; every entry has a link, and a DOI or arXiv link is among them."""
    section = chapter.section("Further reading")
    if not section.items:
        return []
    entries = inside(section.items, "list_item")
    problems = [f"no link: {plain(inlines(entry)[0])!r}" for entry in entries if not links(entry)]
    if not any(PRIMARY_SOURCE.match(link) for entry in entries for link in links(entry)):
        problems.append("Further reading names no source with a DOI or arXiv link")
    return problems


# --- Portable Markdown ------------------------------------------------------------------------------------------------

MYST_IN_TEXT = {
    r"\{[#.%]?[a-zA-Z][\w:.-]*\}": "a MyST role or attribute",
    r"\{\{|\}\}": "a MyST substitution",
    r":::": "a MyST directive",
    r"\[\^": "a footnote",
    r"^\([\w-]+\)=": "a MyST target",
    r"^(\+\+\+|%)": "a MyST comment or block break",
    r"\\(begin|end)\{": "LaTeX outside $$",
}


def own_text(inline: Token) -> str:
    """Return an inline token's text without its code and its formulas."""
    shown = {"text": lambda child: child.content, "softbreak": lambda _: "\n"}
    return "".join(shown[child.type](child) for child in inline.children if child.type in shown)


def myst_problems(chapter: Chapter) -> list[str]:
    """No MyST directives, roles or targets: Colab and GitHub show them raw."""
    problems = []
    for token in chapter.tokens:
        if token.type == "fence" and token.info.strip().startswith("{"):
            problems.append(f"a MyST directive: {token.info}")
        if token.type == "math_block_label":
            problems.append(f"a MyST label on a formula: ({token.info}); use \\tag")
    for inline in inlines(chapter.tokens):
        for pattern, what in MYST_IN_TEXT.items():
            if match := re.search(pattern, own_text(inline), re.MULTILINE):
                problems.append(f"{what}: {match[0]!r} in {inline.content[:60]!r}")
        kinds = " ".join(child.type for child in inline.children)
        if "link_open link_close" in kinds:
            problems.append(f"a link without text, which only MyST fills in: {inline.content[:60]!r}")
    return problems


def html_problems(chapter: Chapter) -> list[str]:
    """No HTML but <details> and <summary>, written so that all front ends show what is inside."""
    problems = []
    for inline in inlines(chapter.tokens):
        problems += [f"HTML inside a paragraph: {c.content}" for c in inline.children if c.type == "html_inline"]
    for token in chapter.tokens:
        if token.type != "html_block":
            continue
        html = token.content.strip()
        tags = re.findall(r"<[^>]*>", html)
        if set(tags) - {"<details>", "</details>", "<summary>", "</summary>"}:
            problems.append(f"HTML other than details and summary: {html[:60]!r}")
        if "</summary>" in html and not html.endswith("</summary>"):
            problems.append(f"no blank line after </summary>: {html[:60]!r}")
        if any(re.search(r"[$`*]", words) for words in re.findall(r"<summary>(.*?)</summary>", html, re.DOTALL)):
            problems.append(f"a <summary> shows maths and Markdown raw: {html[:60]!r}")
    for cell in chapter.markdown:
        if cell.source.count("<details>") != cell.source.count("</details>"):
            problems.append(f"<details> not closed in its cell: {title_of(cell)}")
    return problems


def maths_problems(chapter: Chapter) -> list[str]:
    """Formulas are written so that MathJax, Colab and GitHub all set them."""
    blocks = [token.content.strip() for token in chapter.tokens if token.type.startswith("math_block")]
    problems = [f"a blank line inside $$: {block[:60]!r}" for block in blocks if re.search(r"\n\s*\n", block)]
    for block in blocks:
        if r"\tag" in block and r"\\" in block and not re.match(r"\\begin\{(align|equation)\}", block):
            problems.append(rf"\tag with \\ works only within \begin{{align}} or \begin{{equation}}: {block[:60]!r}")
    for inline in inlines(chapter.tokens):
        problems += inline_maths_problems(inline)
    tags = re.findall(r"\\tag\{([^}]*)\}", "\n".join(blocks))
    problems += [f"two formulas are tagged ({tag})" for tag, count in Counter(tags).items() if count > 1]
    text = "\n".join(own_text(inline) for inline in inlines(chapter.tokens))
    referred = re.findall(r"\b(?:[Ee]quations?|and|by|from|in|into|of|see|to|with) \((\d+)\)", text)
    problems += [f"there is no equation ({tag})" for tag in referred if tag not in tags]
    return problems + table_bar_problems(chapter)


def inline_maths_problems(inline: Token) -> list[str]:
    """Return what is wrong with the formulas within a paragraph."""
    problems, where = [], repr(inline.content[:60])
    formulas = [child.content for child in inline.children if child.type == "math_inline"]
    around = "".join("$" if child.type == "math_inline" else child.content or " " for child in inline.children)
    if "$" in own_text(inline):
        problems.append(f"a $ that opens no formula, or $$ not on its own lines between blank lines: {where}")
    if any(formula != formula.strip() for formula in formulas):
        problems.append(f"GitHub wants no space after the opening and before the closing $: {where}")
    if any(r"\tag" in formula for formula in formulas):
        problems.append(rf"\tag within a line: {where}")
    if re.search(r"\w\$|\$\w", around):
        problems.append(f"GitHub sets no formula glued to a letter or digit: {where}")
    return problems


def table_bar_problems(chapter: Chapter) -> list[str]:
    """Return the formulas in tables with a bar, which ends the table's cell."""
    problems = []
    for cell in chapter.markdown:
        lines = cell.source.split("\n")
        for table in (token for token in parse(cell.source) if token.type == "table_open"):
            for line in lines[slice(*table.map)]:
                if any("|" in formula for formula in re.split(r"(?<!\\)\$", line)[1::2]):
                    problems.append(rf"a bar in a table's formula; write \lvert, \rvert or \mid: {line[:60]!r}")
    return problems


# --- Figures and outputs ----------------------------------------------------------------------------------------------


def figure_problems(chapter: Chapter) -> list[str]:
    """Every figure is an SVG, says in words what it shows, and asserts what it plots."""
    problems = []
    for cell in filter(has_figure, chapter.code):
        alt, where = alt_text(cell), title_of(cell)
        if len(alt) < SHORTEST_ALT:
            problems.append(f"alternative text of {len(alt)} characters, fewer than {SHORTEST_ALT}: {where}")
        if re.search(r"\b(plot|graph|chart|image|picture|figure) (of|show)|^(a |the )?figure\b", alt, re.IGNORECASE):
            problems.append(f"alternative text that says what it is instead of what it shows: {alt!r}")
        if not any(is_assertion(node) for node in ast.walk(tree(cell))):
            problems.append(f"nothing that is plotted is asserted: {where}")
        if any(image_types(output) not in ([], ["image/svg+xml"]) for output in cell.outputs):
            problems.append(f"a figure that is not an SVG, which nbval would not compare: {where}")
        if not cell.source.rstrip().endswith("plt.show()"):
            problems.append(f"a figure's cell ends with plt.show(): {where}")
    return problems


def repeated_alt_texts(chapters: Iterable[Chapter]) -> list[str]:
    """Return the alternative texts that serve two figures of the book."""
    alts = Counter(alt_text(cell) for chapter in chapters for cell in filter(has_figure, chapter.code))
    return [f"{count} figures say {alt!r}" for alt, count in alts.items() if count > 1]


def puts_out(cell: NotebookNode) -> bool:
    """Tell whether running a cell must have put something out."""
    body = tree(cell).body
    match body:
        case [*_, ast.Expr(value=ast.Name() | ast.BinOp() | ast.Subscript() | ast.Attribute() | ast.Tuple())]:
            return True  # the cell ends with a value to show
    certain = [node for node in body if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If | ast.Try)]
    names = {called(node) for statement in certain for node in ast.walk(statement)}
    return bool(names & {"print", "plt.show", "exercises.check"})


def output_problems(chapter: Chapter) -> list[str]:
    """Outputs are stored, from one run from top to bottom, without a warning or an unannounced error."""
    counts = [cell.execution_count for cell in chapter.code]
    problems = []
    if counts != list(range(1, len(counts) + 1)):
        problems.append(f"not run from top to bottom: the execution counts are {counts}")
    breaking = [cell.get("id") for cell in chapter.section("Where it breaks").cells]
    for cell in chapter.code:
        where = title_of(cell)
        kinds = {output.output_type for output in cell.outputs}
        announced = "raises-exception" in cell.metadata.get("tags", [])
        if puts_out(cell) and not cell.outputs:
            problems.append(f"its output is not stored: {where}")
        if any(output.get("name") == "stderr" for output in cell.outputs):
            problems.append(f"a warning or other text on stderr: {where}")
        if ("error" in kinds) != announced:
            problems.append(f"an error and the tag raises-exception go together: {where}")
        if announced and cell.get("id") not in breaking:
            problems.append(f"raises-exception outside of 'Where it breaks': {where}")
    return problems


ESCAPES = re.compile(
    r"NBVAL|PYTEST_VALIDATE_IGNORE_OUTPUT|%%capture|clear_output|(filterwarnings|simplefilter)\(\W*ignore",
    re.IGNORECASE,
)


def escape_problems(chapter: Chapter) -> list[str]:
    """Nothing tells nbval to look away, and no output or warning is swallowed."""
    return [
        f"{match[0]!r} hides an output from the tests: {title_of(cell)}"
        for cell in chapter.code
        for match in [ESCAPES.search("\n".join([cell.source, *cell.metadata.get("tags", [])]))]
        if match
    ]


# --- Numbers in prose -------------------------------------------------------------------------------------------------


def number_problems(chapter: Chapter) -> list[str]:
    """Every number in prose is backed by the code of its section; the module's docstring has the rule."""
    first, *others = chapter.sections or [Section("", [])]
    sections = [Section(first.heading, chapter.preamble.items + first.items), *others]
    return [
        problem for section in sections if section.heading != "Further reading" for problem in unbacked_numbers(section)
    ]


def unbacked_numbers(section: Section) -> list[str]:
    """Return a message for each number of a section's prose that its code does not back."""
    numbers = evidence(section)
    problems = []
    for claim in (claim for words in prose(section) for claim in claims(words)):
        if not claim.is_backed_by(numbers):
            nearest = min(numbers, key=lambda number: abs(abs(number) - claim.value), default="none")
            problems.append(
                f"'## {section.heading}' says {claim.text} (in '{claim.context}'), but no output and no assert of "
                f"that section has this number (the nearest is {nearest}): print it, assert it, or correct the prose"
            )
    return problems


# --- Code -------------------------------------------------------------------------------------------------------------


def setup_cell() -> str:
    """Return the first code cell that every notebook must have."""
    repository = config()["repository"]
    return (
        "#@title Setup: installs lossbook on Colab, does nothing elsewhere\n"
        "import sys\n\n"
        'if "google.colab" in sys.modules:\n'
        "    %pip install --quiet --no-deps array-api-compat "
        f'"lossbook @ git+{repository["url"]}@{repository["branch"]}"'
    )


def magics_run(source: str, on_colab: bool) -> list[tuple[str, list[str]]]:
    """Run a cell as IPython does, and return the magics it called with their arguments."""
    run = []
    shell = mock.Mock()
    shell.run_line_magic = lambda name, line: run.append((name, shlex.split(line)))
    colab = {name: ModuleType(name) for name in ("google", "google.colab")} if on_colab else {}
    with mock.patch.dict(sys.modules, colab):
        exec(python(source), {"get_ipython": lambda: shell})
    return run


def setup_problems(chapter: Chapter) -> list[str]:
    """The first code cell installs the package on Colab only, from the book's address; the second sets the style."""
    setup, imports = chapter.code[:2]
    problems = []
    if setup.source != setup_cell():
        problems.append(f"the first code cell must be exactly:\n{setup_cell()}")
    if magics_run(setup.source, on_colab=False):
        problems.append("the first code cell does something outside of Colab")
    repository = config()["repository"]
    package = f"lossbook @ git+{repository['url']}@{repository['branch']}"
    install = ("pip", ["install", "--quiet", "--no-deps", "array-api-compat", package])
    if magics_run(setup.source, on_colab=True) != [install]:
        problems.append(f"on Colab the first code cell must install {package!r}")
    if not imports.source.rstrip().endswith("plotting.use_style()"):
        problems.append("the second code cell must end with plotting.use_style()")
    return problems


def collapse_problems(chapter: Chapter) -> list[str]:
    """A collapsed cell is collapsed on the site, in JupyterLab and on Colab, and has a title for Colab to show."""
    problems = []
    for cell in chapter.code:
        marks = {
            "tag hide-input or hide-cell": is_collapsed(cell),
            "jupyter.source_hidden": cell.metadata.get("jupyter", {}).get("source_hidden") is True,
            "cellView: form": cell.metadata.get("cellView") == "form",
            "first line #@title ...": cell.source.startswith("#@title "),
        }
        if len(set(marks.values())) > 1:
            missing = [mark for mark, there in marks.items() if not there]
            problems.append(f"collapsed, but not everywhere (missing: {', '.join(missing)}): {title_of(cell)}")
    return problems


def code_problems(chapter: Chapter) -> list[str]:
    """Visible cells are short and narrow, and every assert can fail."""
    problems = []
    for cell in chapter.code:
        where, lines = title_of(cell), cell.source.split("\n")
        if not is_collapsed(cell) and len(lines) > MOST_LINES:
            problems.append(f"{len(lines)} lines, more than {MOST_LINES}: split or collapse {where}")
        if not is_collapsed(cell) and max(map(len, lines)) > WIDEST_LINE:
            problems.append(f"a line of more than {WIDEST_LINE} characters: {where}")
        asserts = [node for node in ast.walk(tree(cell)) if isinstance(node, ast.Assert)]
        problems += [f"an assert that cannot fail: {ast.unparse(node)}" for node in asserts if not can_fail(node)]
    return problems


def can_fail(node: ast.Assert) -> bool:
    """Tell whether an assert looks at anything: `assert True` and `assert (test, "message")` do not."""
    return not isinstance(node.test, ast.Tuple) and any(isinstance(child, ast.Name) for child in ast.walk(node.test))


CHAPTER_CHECKS = [
    title_problems,
    card_problems,
    prerequisite_problems,
    heading_problems,
    exercise_problems,
    reading_problems,
    myst_problems,
    html_problems,
    maths_problems,
    figure_problems,
    output_problems,
    escape_problems,
    number_problems,
    setup_problems,
    collapse_problems,
    code_problems,
]


# --- The book as it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", CHAPTER_CHECKS)
@pytest.mark.parametrize("name", chapters())
def test_chapter(name, check):
    report(check(chapters()[name]))


def test_every_figure_says_something_else():
    report(repeated_alt_texts(chapters().values()))


# --- The checks themselves: a good chapter passes, each planted fault is found ---------------------------------------

Plant = Callable[[NotebookNode], None]


def find(notebook: NotebookNode, piece: str) -> NotebookNode:
    """Return the first cell that contains a piece of text."""
    return next(cell for cell in notebook.cells if piece in cell.source)


def replace(old: str, new: str) -> Plant:
    """Plant other words in the first cell that contains the old ones."""

    def plant(notebook):
        cell = find(notebook, old)
        cell.source = cell.source.replace(old, new)

    return plant


def append(words: str, piece: str = "## Summary") -> Plant:
    """Plant another paragraph in a Markdown cell."""
    return replace(piece, f"{piece}\n\n{words}\n\n")


def remove(piece: str) -> Plant:
    """Plant a gap where a cell was."""
    return lambda notebook: notebook.cells.remove(find(notebook, piece))


def metadata(piece: str, **changes) -> Plant:
    """Plant other metadata in a cell."""
    return lambda notebook: find(notebook, piece).metadata.update(changes)


def outputs(piece: str, *stored: NotebookNode) -> Plant:
    """Plant other outputs in a cell."""
    return lambda notebook: find(notebook, piece).update(outputs=list(stored))


def insert(*cells: NotebookNode, before: str = "## Summary") -> Plant:
    """Plant more cells."""

    def plant(notebook):
        at = notebook.cells.index(find(notebook, before))
        notebook.cells[at:at] = cells

    return plant


def nothing(notebook: NotebookNode) -> None:
    """Plant nothing: the part of the book alone makes the chapter wrong."""


ERROR = new_output("error", ename="ValueError", evalue="", traceback=[])
PNG = new_output("display_data", {"image/png": "iVBOR"})
STDERR = new_output("stream", name="stderr", text="UserWarning: careful")
ALT = "ax.plot"
FIRST = "[Likelihood](../foundations/likelihood.ipynb)"
SECOND_EXERCISE = "### Exercise 2: Doubling again\n\nWrite it once more."

PLANTED = [
    (title_problems, "first cell", replace("# Sample loss", "## Sample loss")),
    (title_problems, "Another", append("# Another")),
    (card_problems, "no summary card", replace("|---|---|\n", "")),
    (card_problems, "two columns", replace("the conditional mean |", " |")),
    (
        card_problems,
        "no sentence",
        replace(
            "Use it when the mean of the target is what you want. Avoid it when single targets may be far off.", ""
        ),
    ),
    (card_problems, "avoid", replace("Avoid it", "Take another")),
    (card_problems, "rows are", replace("**Origin**", "**Source**")),
    (prerequisite_problems, "one paragraph", replace("**Read first:**", "Read first:")),
    (prerequisite_problems, "one paragraph", replace("**Read first:**", "**Read first:** nothing\n\n**Read first:**")),
    (prerequisite_problems, "no earlier chapter", replace("foundations/likelihood.ipynb", "foundations/none.ipynb")),
    (prerequisite_problems, "no earlier chapter", replace("../foundations/likelihood.ipynb", "sample.ipynb")),
    (prerequisite_problems, "no earlier chapter", replace("../foundations/likelihood.ipynb", "#the-question")),
    (prerequisite_problems, "more than three", replace(FIRST, ", ".join([FIRST] * 4))),
    (prerequisite_problems, "by the titles", replace("[Likelihood]", "[Statistics]")),
    (prerequisite_problems, "by the titles", replace(FIRST, "everything")),
    (heading_problems, "headings are", replace("## In code", "## The code")),
    (heading_problems, "headings are", remove("## In code")),
    (heading_problems, "twice", append("### The loss, computed")),
    (exercise_problems, "1 exercises", replace(SECOND_EXERCISE, "And again.")),
    (exercise_problems, "'Exercise 2: ...'", replace("Exercise 2: Doubling", "Exercise 3: Doubling")),
    (exercise_problems, "stub cell and a solution cell", insert(new_markdown_cell("### Exercise 3: No cells"))),
    (exercise_problems, "must each call", replace("exercises.check(", "exercises.show(")),
    (exercise_problems, "not written yet", outputs("    ...", text("double: right, on all 1 cases."))),
    (exercise_problems, "must be visible", metadata("    ...", tags=["hide-input"])),
    (exercise_problems, "tagged hide-cell", metadata("#@title Solution", tags=[])),
    (exercise_problems, "#@title Solution", replace("#@title Solution", "#@title Answer")),
    (exercise_problems, "say that it is right", outputs("#@title Solution", text("double: case 1 of 1 is wrong"))),
    (reading_problems, "no link", replace("## Further reading\n", "## Further reading\n\n- Gauss, C. F. (1809).")),
    (reading_problems, "DOI or arXiv", replace("https://doi.org/10.1214/aoms/1177703732", "https://example.org")),
    (myst_problems, "directive: {note}", append("```{note}\nCareful.\n```")),
    (myst_problems, "directive: ':::'", append("::: {note}\nCareful.\n:::")),
    (myst_problems, "role", append("As in {cite}`huber1964`.")),
    (myst_problems, "substitution", append("As in {{ name }}.")),
    (myst_problems, "footnote", append("As said.[^1]")),
    (myst_problems, "target", append("(summary)=")),
    (myst_problems, "comment", append("% Not for readers.")),
    (myst_problems, "outside $$", append(r"\begin{align}x\end{align}")),
    (myst_problems, "label", append("$$x$$ (sum)")),
    (myst_problems, "without text", append("See [](#summary).")),
    (html_problems, "inside a paragraph", append('Here <a id="here"></a>.')),
    (html_problems, "other than", append("<div>\n\nx\n\n</div>")),
    (html_problems, "blank line", replace("</summary>\n", "</summary>")),
    (html_problems, "raw", replace("A hint", "A hint on $e$")),
    (html_problems, "not closed", replace("</details>", "")),
    (maths_problems, "blank line", replace("\\\\ &=", "\\\\\n\n&=")),
    (maths_problems, r"\tag with", replace("align", "aligned")),
    (maths_problems, "own lines", append("So $$x$$ it is.")),
    (maths_problems, "own lines", append("So\n$$\nx\n$$")),
    (maths_problems, "own lines", append("It costs $5.")),
    (maths_problems, "no space", append("It is $ x $.")),
    (maths_problems, "glued", append("The $n$th.")),
    (maths_problems, "glued", append("The 2$n$.")),
    (maths_problems, "within a line", append(r"It is $x \tag{2}$.")),
    (maths_problems, "two formulas", append(r"$$x \tag{1}$$")),
    (maths_problems, "no equation (2)", append("Equation (2) says so.")),
    (maths_problems, "no equation (12)", append("Put it into (12).")),
    (maths_problems, "bar", replace(r"\lvert e \rvert$ is", "|e|$ is")),
    (figure_problems, "characters", metadata(ALT, mystnb={})),
    (figure_problems, "characters", metadata(ALT, mystnb={"image": {"alt": "A parabola."}})),
    (figure_problems, "instead of", metadata(ALT, mystnb={"image": {"alt": f"A plot of the loss{' and more' * 9}."}})),
    (figure_problems, "asserted", replace("assert (e**2).min() == 0\n", "")),
    (figure_problems, "not an SVG", outputs(ALT, PNG)),
    (figure_problems, "plt.show()", replace("plt.show()", "fig")),
    (output_problems, "execution counts", lambda notebook: find(notebook, ALT).update(execution_count=None)),
    (output_problems, "execution counts", insert(new_code_cell("x = 1", execution_count=1))),
    (output_problems, "not stored", outputs("print(")),
    (output_problems, "not stored", insert(new_code_cell("x = 1\nx"))),
    (output_problems, "not stored", outputs(ALT)),
    (output_problems, "stderr", outputs("mse_loss(x, x[:, None])", STDERR, ERROR)),
    (output_problems, "go together", outputs("print(", ERROR)),
    (output_problems, "go together", outputs("mse_loss(x, x[:, None])")),
    (output_problems, "outside of", insert(new_code_cell("f()", metadata={"tags": ["raises-exception"]}))),
    (escape_problems, "NBVAL", replace("print(0.5)", "print(0.5)  # NBVAL_IGNORE_OUTPUT")),
    (escape_problems, "PYTEST", replace("print(0.5)", "# PYTEST_VALIDATE_IGNORE_OUTPUT\nprint(0.5)")),
    (escape_problems, "nbval", metadata("print(0.5)", tags=["nbval-skip"])),
    (escape_problems, "capture", replace("loss = 0.5**2", "%%capture\nloss = 0.5**2")),
    (escape_problems, "ignore", replace("loss = 0.5**2", 'warnings.simplefilter("ignore")')),
    (number_problems, "says 0.26", replace("0.5 costs 0.25", "0.5 costs 0.26")),
    (number_problems, "says 0.6", replace("`0.5` |", "`0.6` |")),
    (number_problems, "says 94 %", replace("95 %", "94 %")),
    (number_problems, "says -1.38", replace("$-1.37$", "$-1.38$")),
    (number_problems, "says -0.95", replace("$-1.37$", "$-0.95$")),
    (number_problems, "says 0.25", append("It is 0.25.")),
    (number_problems, "says 12", append("There are 12 of them.")),
    (number_problems, "says 4 times", append("It is 4 times as much.")),
    (number_problems, "says 1e-3", append("Up to $10^{-3}$.")),
    (number_problems, "says 0.75", metadata(ALT, mystnb={"image": {"alt": "The loss is 0.75 at the left edge."}})),
    (number_problems, "says 0.26", replace("It is 0.25.", "It is 0.26.")),
    (number_problems, "says 0.25", replace("assert loss == 0.25", "loss == 0.25")),
    (number_problems, "nearest is 0.9512", outputs("{slope:.4f}", text("0.9512"))),
    (setup_problems, "exactly", replace("--quiet", "-q")),
    (setup_problems, "on Colab", replace("github.com", "not-github.com")),
    (setup_problems, "outside of Colab", replace('if "google.colab" in sys.modules:', "if sys.modules:")),
    (setup_problems, "use_style", replace("plotting.use_style()", "x = 1")),
    (collapse_problems, "cellView", metadata("#@title Solution", cellView="code")),
    (collapse_problems, "source_hidden", metadata("#@title Solution", jupyter={})),
    (collapse_problems, "hide-input", metadata("#@title Solution", tags=[])),
    (collapse_problems, "#@title", replace("#@title Solution\n", "")),
    (code_problems, "31 lines", replace("loss = 0.5**2", "\n" * 28 + "loss = 0.5**2")),
    (code_problems, "more than 100", replace("loss = 0.5**2", f"loss = {'1 + ' * 30}1")),
    (code_problems, "cannot fail", replace("assert loss == 0.25", "assert True")),
    (code_problems, "cannot fail", replace("assert loss == 0.25", 'assert (loss == 2, "no")')),
]


@pytest.fixture
def good() -> Chapter:
    """The chapter that is right in every respect."""
    return sample(setup_cell())


@pytest.mark.parametrize("check", CHAPTER_CHECKS)
def test_good_chapter_passes(check, good):
    report(check(good))


@pytest.mark.parametrize(("check", "message", "plant"), PLANTED, ids=lambda value: getattr(value, "__name__", value))
def test_planted_fault_is_found(check, message, plant, good):
    plant(good.notebook)
    assert message in "\n".join(check(good))


def test_every_check_has_a_planted_fault():
    assert {check for check, *_ in PLANTED} == set(CHAPTER_CHECKS)


def test_feedback_on_exercises_is_what_the_checks_look_for(capsys):
    exercises.check(lambda x: None, [2], [(1,)])
    assert UNWRITTEN in capsys.readouterr().out
    exercises.check(lambda x: 3, [2], [(1,)])
    assert RIGHT not in capsys.readouterr().out
    exercises.check(lambda x: 2, [2], [(1,)])
    assert RIGHT in capsys.readouterr().out


@pytest.mark.parametrize("part", ["foundations", "practice"])
def test_freer_parts_may_have_other_rows_and_headings(part, good):
    chapter = Chapter(f"{part}/sample", good.notebook)
    replace("**Origin**", "**Idea**")(chapter.notebook)
    replace("Avoid it", "Take another")(chapter.notebook)
    replace("## In code", "## Underflow")(chapter.notebook)
    report(card_problems(chapter) + heading_problems(chapter))


@pytest.mark.parametrize(
    ("part", "plant", "is_bad"),
    [
        ("foundations", remove("## Summary"), True),
        ("practice", remove("## Summary"), False),
        ("practice", replace("## Summary", "## Exercises again"), False),
        ("practice", replace("## The question", "## Summary first"), True),
        ("foundations", replace("## Where it breaks", "## Where it fails"), True),
    ],
)
def test_freer_parts_keep_some_headings(part, plant, is_bad, good):
    plant(good.notebook)
    assert bool(heading_problems(Chapter(f"{part}/sample", good.notebook))) == is_bad


def test_a_chapter_cannot_come_before_what_it_needs(good):
    """The same line, in the chapter it points to and in the one before that."""
    for name in ("foundations/likelihood", "foundations/what_is_a_loss"):
        assert "no earlier chapter" in prerequisite_problems(Chapter(name, good.notebook))[0]


def test_activations_have_their_own_card(good):
    chapter = Chapter("activations/sample", good.notebook)
    assert "rows are" in card_problems(chapter)[0]
    rows = "".join(f"| **{label}** | something |\n" for label in ACTIVATION_CARD)
    chapter.notebook.cells[0].source = f"# Tanh\n\nUse it. Avoid it.\n\n| Property | Tanh |\n|---|---|\n{rows}"
    report(card_problems(chapter))


def test_repeated_alternative_text_is_found(good):
    report(repeated_alt_texts([good]))
    assert "2 figures" in repeated_alt_texts([good, good])[0]
