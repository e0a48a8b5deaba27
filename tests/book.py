"""The book as its tests see it: pages, notebooks cut into sections, headings, links and code.

A notebook is read here the way its readers' front ends read it: CommonMark with tables and dollar maths. Nothing in
this module judges; it only takes apart.
"""

import ast
import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml
from IPython.core.inputtransformer2 import TransformerManager
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors.index import slugify, unique_slug
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]

# The chapters of the finished book. Their names are fixed.
PLANNED = {
    "foundations": "what_is_a_loss likelihood",
    "regression": "squared_error absolute_error bias_error huber quantile distributional",
    "activations": "sigmoid softmax tanh",
    "classification": "negative_log_likelihood cross_entropy binary_cross_entropy hinge focal divergences",
    "detection": "box_iou mask_overlap",
    "embeddings": "contrastive triplet info_nce",
    "generative": "gan gan_variants",
    "practice": "contracts numerics reductions choosing errata",
}
TOPICS = {f"{part}/{topic}" for part, topics in PLANNED.items() for topic in topics.split()}
FREER_PARTS = ("foundations", "practice")  # no loss of their own, so their chapters have fewer fixed headings and rows

# Jupyter Book gives an address to headings down to this level (`myst_heading_anchors` in _config.yml).
DEEPEST_ANCHOR = 3

MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)


# --- Markdown ---------------------------------------------------------------------------------------------------------


def parse(text: str) -> list[Token]:
    """Return the block tokens of a Markdown text."""
    return MARKDOWN.parse(text)


def plain(inline: Token) -> str:
    """Return the words of an inline token, code included, without emphasis, links or maths."""
    return "".join(
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in inline.children
        if child.type in ("text", "code_inline", "softbreak", "hardbreak")
    )


def words(text: str) -> int:
    """Count words."""
    return len(text.split())


def headings(tokens: list) -> list[tuple[int, str]]:
    """Return the level and the words of each heading."""
    return [
        (int(token.tag[1]), plain(tokens[i + 1]))
        for i, token in enumerate(tokens)
        if isinstance(token, Token) and token.type == "heading_open"
    ]


def anchors(tokens: list[Token]) -> set[str]:
    """Return what may follow a `#` in a link to this page."""
    slugs = set()
    for level, words in headings(tokens):
        if level <= DEEPEST_ANCHOR:
            slugs.add(unique_slug(slugify(words), slugs))
    return slugs


def inlines(tokens: list) -> list[Token]:
    """Return the tokens that hold text: paragraphs, headings, list items, cells of tables."""
    return [token for token in tokens if isinstance(token, Token) and token.type == "inline"]


def links(tokens: list) -> list[str]:
    """Return the targets of all links."""
    return [
        child.attrGet("href") for inline in inlines(tokens) for child in inline.children if child.type == "link_open"
    ]


def inside(tokens: list, container: str) -> list[list[Token]]:
    """Return the tokens within each outermost `container`: "blockquote", "table", "paragraph", "list_item", ..."""
    found, depth = [], 0
    for token in tokens:
        kind = getattr(token, "type", "code cell")
        depth -= kind == f"{container}_close"
        if depth:
            found[-1].append(token)
        if kind == f"{container}_open":
            depth += 1
            if depth == 1:
                found.append([])
    return found


# --- Code -------------------------------------------------------------------------------------------------------------


def python(source: str) -> str:
    """Return a cell's source with IPython's magics written out as Python."""
    return TransformerManager().transform_cell(source)


def tree(cell: NotebookNode) -> ast.Module:
    """Return the syntax tree of a code cell."""
    return ast.parse(python(cell.source))


def called(node: ast.AST) -> str:
    """Return the dotted name of what a call node calls: "plt.show"; "" for anything else."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def calls(cell: NotebookNode) -> list[str]:
    """Return the dotted names of everything a cell calls."""
    return [called(node) for node in ast.walk(tree(cell)) if isinstance(node, ast.Call)]


def is_assertion(node: ast.AST) -> bool:
    """Tell whether a node checks something: an `assert`, or a call of a function named `assert_...`."""
    return isinstance(node, ast.Assert) or called(node).rpartition(".")[2].startswith("assert_")


def is_collapsed(cell: NotebookNode) -> bool:
    """Tell whether the site shows a code cell closed."""
    return bool({"hide-input", "hide-cell"} & set(cell.metadata.get("tags", [])))


def printed(cell: NotebookNode) -> str:
    """Return all text that a cell put out, the message of its exception included, without the text behind figures."""
    texts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            texts.append(output.text)
        elif output.output_type == "error":
            texts.append(f"{output.ename}: {output.evalue}")
        elif not image_types(output):
            texts.append(output.data.get("text/markdown") or output.data.get("text/plain", ""))
    return "\n".join(texts)


def markdown_outputs(cell: NotebookNode) -> list[str]:
    """Return the Markdown that a code cell put out."""
    data = [output.get("data", {}) for output in cell.outputs]
    return [found["text/markdown"] for found in data if "text/markdown" in found]


def image_types(output: NotebookNode) -> list[str]:
    """Return the kinds of image in an output, such as "image/svg+xml"."""
    return [kind for kind in output.get("data", {}) if kind.startswith("image/")]


def has_figure(cell: NotebookNode) -> bool:
    """Tell whether a code cell put out an image."""
    return any(image_types(output) for output in cell.outputs)


def alt_text(cell: NotebookNode) -> str:
    """Return the alternative text of a figure cell; "" where there is none."""
    return cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")


# --- Notebooks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Section:
    """What stands under one heading: Markdown tokens and code cells, in reading order."""

    heading: str
    items: list

    @property
    def cells(self) -> list[NotebookNode]:
        """The code cells."""
        return [item for item in self.items if not isinstance(item, Token)]

    def split(self, level: int) -> list["Section"]:
        """Cut at the headings of a level; the first part holds what stands before them, and has no heading."""
        parts, items = [Section("", [])], iter(self.items)
        for item in items:
            if isinstance(item, Token) and item.type == "heading_open" and item.tag == f"h{level}":
                parts.append(Section(plain(next(items)), []))
                next(items)  # the heading's end
            else:
                parts[-1].items.append(item)
        return parts


@dataclass(frozen=True)
class Chapter:
    """One notebook. Its name is its path below `chapters`, such as "regression/squared_error"."""

    name: str
    notebook: NotebookNode

    @property
    def part(self) -> str:
        """The part of the book it belongs to."""
        return self.name.partition("/")[0]

    @property
    def page(self) -> str:
        """Its path in the repository."""
        return f"chapters/{self.name}.ipynb"

    @property
    def markdown(self) -> list[NotebookNode]:
        """The Markdown cells."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "markdown"]

    @property
    def code(self) -> list[NotebookNode]:
        """The code cells."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    @functools.cached_property
    def items(self) -> list:
        """Markdown tokens and code cells, in reading order."""
        return [
            item
            for cell in self.notebook.cells
            for item in (parse(cell.source) if cell.cell_type == "markdown" else [cell])
        ]

    @property
    def tokens(self) -> list[Token]:
        """The Markdown tokens of all cells."""
        return [item for item in self.items if isinstance(item, Token)]

    @property
    def shown(self) -> list[Token]:
        """The Markdown tokens of all outputs."""
        return [token for cell in self.code for text in markdown_outputs(cell) for token in parse(text)]

    @property
    def preamble(self) -> Section:
        """What stands before the first `##`: title, summary card, the first code cells."""
        return Section("", self.items).split(2)[0]

    @property
    def sections(self) -> list[Section]:
        """What stands under each `##`."""
        return Section("", self.items).split(2)[1:]

    def section(self, heading: str) -> Section:
        """Return a section by its heading; an empty one where there is none."""
        return next((s for s in self.sections if s.heading == heading), Section(heading, []))


def under(items: list, slug: str) -> Section:
    """Return the heading with this anchor and what stands under it, down to the next heading that is as high."""
    level, found = 0, []
    for index, item in enumerate(items):
        if isinstance(item, Token) and item.type == "heading_open":
            depth = int(item.tag[1])
            if level and depth <= level:
                break
            if not level and slugify(plain(items[index + 1])) == slug:
                level = depth
        if level:
            found.append(item)
    return Section(slug, found)


def read_chapter(path: Path) -> Chapter:
    """Read a notebook of the book."""
    name = path.relative_to(ROOT / "chapters").with_suffix("").as_posix()
    return Chapter(name, nbformat.read(path, as_version=4))


def title(chapter: Chapter) -> str:
    """Return the words of a chapter's title."""
    return next((words for level, words in headings(chapter.tokens) if level == 1), "")


def card_rows(chapter: Chapter) -> list[list]:
    """Return the rows of the summary card, header first, each a list of its cells' inline tokens."""
    tables = inside(parse(chapter.notebook.cells[0].source), "table")
    return [inlines(row) for row in inside(tables[0], "tr")] if tables else []


# --- The whole book ---------------------------------------------------------------------------------------------------


def config() -> dict:
    """Return the book's settings."""
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))


def listed_pages(toc: dict) -> list[str]:
    """Return the pages that a table of contents lists, in its order and as it writes them."""
    pages = [toc[key] for key in ("root", "file") if key in toc]
    for key in ("parts", "chapters", "sections"):
        for entry in toc.get(key, []):
            pages += listed_pages(entry)
    return pages


def toc_files() -> list[str]:
    """Return the files of the pages that _toc.yml lists; a page without a file keeps its bare name."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [
        next((page + end for end in ("", ".ipynb", ".md") if (ROOT / (page + end)).is_file()), page)
        for page in listed_pages(toc)
    ]


def page_tokens(file: str) -> list[Token]:
    """Return the Markdown tokens of a page: of all cells and outputs, if it is a notebook."""
    if file.endswith(".ipynb"):
        chapter = read_chapter(ROOT / file)
        return chapter.tokens + chapter.shown
    return parse((ROOT / file).read_text(encoding="utf-8"))


@functools.cache
def pages() -> dict[str, list[Token]]:
    """Return the Markdown tokens of each page that _toc.yml lists."""
    return {file: page_tokens(file) for file in toc_files() if (ROOT / file).is_file()}


@functools.cache
def chapters() -> dict[str, Chapter]:
    """Return the notebooks that _toc.yml lists, by name."""
    found = [read_chapter(ROOT / file) for file in pages() if file.endswith(".ipynb")]
    return {chapter.name: chapter for chapter in found}


def tracked_files() -> list[str]:
    """Return the files that the repository holds, as git knows them."""
    # The owner of a checkout may be someone else, under continuous integration for instance.
    git = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listing = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [file for file in listing.split("\0") if (ROOT / file).is_file()]


def report(problems: list[str]) -> None:
    """Fail with one problem a line."""
    assert not problems, "\n".join(problems)
