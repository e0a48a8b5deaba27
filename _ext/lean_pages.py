"""A Sphinx extension that takes from the pages what they do not need.

sphinx-thebe, which Jupyter Book always loads, puts its script on every page twice, and the second one is an error.
The theme draws its icons with web fonts, and once more with a script of 1.5 MB.
"""

from pathlib import Path


def drop_thebe(app, config):
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if getattr(listener.handler, "__name__", "") in ("init_thebe_core", "update_thebe_context"):
                app.disconnect(listener.id)


def drop_icon_script(app, exception):
    if exception is None and app.builder.format == "html":
        (script,) = Path(app.outdir).glob("_static/vendor/fontawesome/*/js/all.min.js")
        script.write_text("/* The icons come from web fonts. */\n", encoding="utf-8")


def setup(app):
    app.connect("config-inited", drop_thebe)
    app.connect("build-finished", drop_icon_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
