"""Formulas are set while the book is built: a broken one fails the build, with its place."""

import os
import subprocess
import sys

import pytest

from book import ROOT


@pytest.fixture
def build(tmp_path):
    """Return a function that builds a page in strict mode, and returns the exit status, the messages and the page."""

    def build(text):
        (tmp_path / "conf.py").write_text("extensions = ['katex_maths']\nhtml_math_renderer = 'katex'\n")
        (tmp_path / "index.rst").write_text(f"Title\n=====\n\n{text}\n")
        done = subprocess.run(
            [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(tmp_path), str(tmp_path / "html")],
            env={**os.environ, "PYTHONPATH": str(ROOT / "_ext")},
            capture_output=True,
            text=True,
        )
        page = tmp_path / "html/index.html"
        return done.returncode, done.stderr, page.read_text() if page.is_file() else ""

    return build


GOOD = r"""
:math:`\frac{1}{2}`

.. math:: a &= b \\ &= c

.. math::

   a = b

   c = d

.. math:: \begin{align} a &= b \tag{1} \\ c &= d \tag{2} \end{align}

.. math:: f(x) = \begin{cases} 1 & x > 0 \\ 0 & x \le 0 \end{cases} \tag{3}
"""
BROKEN = [r"\nonsense", r"\frac{1}", "é", "a_b_c"]


def test_formulas_are_set(build):
    status, messages, page = build(GOOD)
    assert (status, messages) == (0, "")
    assert page.count('<span class="katex-html"') == page.count("<math ") == 5


def test_broken_formulas_fail_the_build(build):
    status, messages, _ = build("\n\n".join(f"It is :math:`{formula}`." for formula in BROKEN))
    assert status != 0
    for line in range(4, 4 + 2 * len(BROKEN), 2):
        assert f"index.rst:{line}: WARNING: a formula cannot be set: " in messages
