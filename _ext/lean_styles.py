"""One style sheet from many, with only what the pages use.

A rule stays if the classes and ids that it asks for are words of the pages or of their scripts. A font stays if a rule
that stays names it, cut down to the characters in use.
"""

import base64
import io
import logging
import re
from itertools import pairwise

import tinycss2
from fontTools import subset

# Bootstrap puts this name together, so that it does not occur as a word.
COMPOSED = {"bs-tooltip-auto"}
logging.getLogger("fontTools").setLevel(logging.WARNING)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def merge(sheets, words, formulas):
    """Return one style sheet, and its fonts, for pages with these words and these formulas.

    A formula is a set of characters for each set of classes around them, a font its family, weight, style and data.
    """
    rules, faces = [], []
    for sheet in sheets:
        read(sheet, rules, faces)
    rules = list(used(rules, words | COMPOSED))
    moves = set(re.findall(r"[\w-]+", " ".join(re.findall(r"animation[\w-]*:([^;}]*)", serialize(rules)))))
    text = serialize(
        rule
        for rule in rules
        if not keyword(rule).endswith("keyframes") or tinycss2.serialize(rule.prelude).strip() in moves
    )
    fonts = []
    for face, folder in faces:
        family = font_of(face)[0]
        if family.startswith("KaTeX"):
            characters = characters_of(font_of(face), rules, formulas)
        elif family in text.replace("\\", ""):
            characters = set(re.findall(r'content:\s*"(.)"', text))
        else:
            continue
        if data := cut_down(face, folder, characters):
            fonts.append((*font_of(face), data))
    return f'@charset "utf-8";\n{text}\n', fonts


def keyword(rule):
    return rule.lower_at_keyword if rule.type == "at-rule" else ""


def serialize(rules):
    return re.sub(r"\s*\n\s*", " ", "\n".join(rule.serialize() for rule in rules))


def read(sheet, rules, faces):
    """Add the rules of a style sheet and of those it imports; font-face rules apart, with the folder of the sheet."""
    text = COMMENT.sub("", sheet.read_text(encoding="utf-8"))
    for rule in tinycss2.parse_stylesheet(text, skip_whitespace=True):
        if rule.type == "error":
            raise ValueError(f"{sheet}: {rule.message}")
        if keyword(rule) == "import":
            (address,) = (token.value for token in rule.prelude if token.type == "string")
            read(sheet.parent / address, rules, faces)
        elif keyword(rule) == "font-face":
            faces.append((rule, sheet.parent))
        elif keyword(rule) != "charset":
            rules.append(rule)


def used(rules, words):
    """Yield the rules that these words call for."""
    for rule in rules:
        if rule.type == "at-rule":
            if keyword(rule) in ("media", "supports"):
                rule.content = list(used(tinycss2.parse_rule_list(rule.content, skip_whitespace=True), words))
            if rule.content != []:
                yield rule
        elif selectors := [selector for selector in split(rule.prelude) if asks_for(selector) <= words]:
            rule.prelude = tinycss2.parse_component_value_list(",".join(map(tinycss2.serialize, selectors)))
            yield rule


def split(prelude):
    """Return the selectors of a rule, each a list of tokens."""
    selectors = [[]]
    for token in prelude:
        if token == ",":
            selectors.append([])
        else:
            selectors[-1].append(token)
    return selectors


def asks_for(selector):
    """Return the classes and ids without which a selector finds nothing."""
    classes = {name.value for dot, name in pairwise(selector) if dot == "." and name.type == "ident"}
    return classes | {token.value for token in selector if token.type == "hash"}


def font_of(rule):
    """Return the family, weight and style that a rule names, or those of the text of a formula."""
    named = {
        declaration.lower_name: tinycss2.serialize(declaration.value).strip().replace("\\", "").strip('"')
        for declaration in tinycss2.parse_declaration_list(rule.content, skip_whitespace=True)
        if declaration.type == "declaration"
    }
    return named.get("font-family", "KaTeX_Main"), named.get("font-weight", "400"), named.get("font-style", "normal")


def characters_of(font, rules, formulas):
    """Return the characters of formulas that stand, or may stand, in this font."""
    named = [asks_for(rule.prelude) for rule in rules if rule.type == "qualified-rule" and font_of(rule) == font]
    named = [classes - {"katex"} for classes in named if "katex" in classes]
    return {
        character
        for classes, characters in formulas.items()
        if any(wanted <= classes for wanted in named)
        for character in characters
    }


def cut_down(face, folder, characters):
    """Return the font of a font-face rule with these characters only, in base 64; nothing if it has none of them."""
    (file,) = re.findall(r'url\("?([^"()]+\.woff2)"?\)', tinycss2.serialize(face.content))
    options = subset.Options(flavor="woff2", hinting=False)
    font = subset.load_font(str(folder / file), options)
    if not characters & set(map(chr, font.getBestCmap())):
        return ""
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(characters))
    subsetter.subset(font)
    data = io.BytesIO()
    subset.save_font(font, data, options)
    return base64.b64encode(data.getvalue()).decode()
