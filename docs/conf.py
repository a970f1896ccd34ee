"""How Sphinx makes the help: these Markdown files as pages, which the search service serves under /help."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from sphinx.application import Sphinx

project = html_title = "Argus help"
extensions = ["myst_parser"]
exclude_patterns = ["examples"]
myst_heading_anchors = 4
smartquotes = False
highlight_language = "none"
html_theme = "furo"
html_favicon = "../search_service/web/icon.svg"
html_static_path = ["_static"]
html_css_files = ["argus.css"]
html_use_index = False
html_copy_source = html_show_copyright = html_show_sourcelink = False
templates_path = []

SCRIPT = re.compile(r"<script>(.+?)</script>", re.DOTALL)
STYLE = re.compile(r"<style>(.+?)</style>", re.DOTALL)
ATTRIBUTE = re.compile(r' style="([^"]*)"')


def setup(app: Sphinx) -> None:
    app.connect("build-finished", move_inline_code)


def move_inline_code(app: Sphinx, error: Exception | None) -> None:
    """Move the theme's inline scripts and styles to files: the service's Content-Security-Policy runs none inline."""
    if error or app.builder.name != "html":
        return
    out = Path(app.outdir)
    for page in out.rglob("*.html"):
        text = page.read_text("utf-8")
        up = "../" * (len(page.relative_to(out).parts) - 1)
        rules = "".join(f'[data-style="{value}"] {{ {value} }}\n' for value in sorted(set(ATTRIBUTE.findall(text))))
        text = ATTRIBUTE.sub(r' data-style="\1"', text).replace("</head>", f"<style>{rules}</style></head>" if rules
                                                                else "</head>")
        text = SCRIPT.sub(lambda found, up=up: f'<script src="{up}{_file(out, found[1], "js")}"></script>', text)
        text = STYLE.sub(lambda found, up=up: f'<link rel="stylesheet" href="{up}{_file(out, found[1], "css")}">', text)
        page.write_text(text, "utf-8")


def _file(out: Path, code: str, kind: str) -> str:
    """Write `code` to a file named after it, and return its address from the top of the pages."""
    name = f"_static/inline-{hashlib.sha256(code.encode()).hexdigest()[:12]}.{kind}"
    (out / name).write_text(code, "utf-8")
    return name
