"""A Sphinx extension that tells all others the public address of the site, which follows from the repository's.

GitHub publishes https://github.com/OWNER/NAME at https://OWNER.github.io/NAME/. For a site that lies elsewhere, give
its address in _config.yml as `baseurl` under `html`.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

from sphinx.errors import ConfigError

# GitHub shows this page for every address that leads nowhere, so its links cannot be relative.
NOT_FOUND = """\
<h1>There is no such page</h1>
<p>It may have moved. Look for it by any name, or begin at the <a href="{path}index.html">front page</a>.</p>
<form class="not-found-search" action="{path}search.html" role="search">
<input class="form-control" type="search" name="q" aria-label="Search this book">
<button class="btn btn-primary" type="submit">Search</button>
</form>
"""


def pages_address(repository):
    """Return the address at which GitHub publishes the pages of a repository."""
    match = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+?)/?", repository)
    if match is None:
        raise ConfigError(
            f"{repository} is not on github.com, so where is the site published? Give its address in _config.yml: "
            "html: baseurl: https://..."
        )
    owner, name = match.groups()
    site = f"https://{owner.lower()}.github.io/"
    return site if name.lower() == f"{owner}.github.io".lower() else f"{site}{name}/"


def set_address(app, config):
    address = config.html_baseurl or pages_address(config.html_theme_options["repository_url"])
    config.html_baseurl = config.ogp_site_url = address.rstrip("/") + "/"
    config.notfound_urls_prefix = path = urlsplit(config.html_baseurl).path
    config.notfound_context = {"title": "No such page", "body": NOT_FOUND.format(path=path)}


def write_robots(app, exception):
    if exception is None and app.builder.format == "html":
        text = f"User-agent: *\nAllow: /\nSitemap: {app.config.html_baseurl}{app.config.sitemap_filename}\n"
        Path(app.outdir, "robots.txt").write_text(text, encoding="utf-8")


def setup(app):
    app.connect("config-inited", set_address, priority=100)
    app.connect("build-finished", write_robots)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
