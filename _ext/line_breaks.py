"""A Sphinx extension that says where a line may break.

Between the parts of a long name, and before the parameters of a function; not before a percent sign.
"""

import re

LONG = 21  # characters: most shorter names fit a line of a phone, or a column, and stay whole
NAME = re.compile(rf'(?:(?<=<span class="pre">)|(?<=<h2>))\w[\w.]{{{LONG - 1},}}(?=<)')
PART = re.compile(r"(?<=\w_)(?=\w)|(?<=\w)(?=\.[A-Za-z])|(?<=[a-z])(?=[A-Z])")
PARAMETERS = '<span class="sig-paren">(</span>'
PERCENT = re.compile(r"<pre>.*?</pre>|(?<=\d) %", re.DOTALL)


def with_breaks(body):
    """Return a page in which `complete_box_iou_loss` may go on in another line after each "_", and "80 %" may not."""
    body = NAME.sub(lambda name: PART.sub("<wbr>", name[0]), body).replace(PARAMETERS, f"{PARAMETERS}<wbr>")
    return PERCENT.sub(lambda found: "&#160;%" if found[0] == " %" else found[0], body)


def set_breaks(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = with_breaks(context["body"])


def setup(app):
    app.connect("html-page-context", set_breaks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
