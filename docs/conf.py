"""How the documentation is built: `make docs`."""

import tanfeng

project = "Tanfeng 碳峰"
author = "the Tanfeng authors"
project_copyright = "2026, the Tanfeng authors"
release = version = tanfeng.__version__
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {release}"
# The default theme of code blocks loads nothing; keep it that way.
html_static_path: list[str] = []
language = "en"
