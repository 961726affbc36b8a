"""How the site is built: ``python -m sphinx -W --keep-going -b html docs docs/_build/html``, or ``make docs``."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE / "reference")]

project = "bilevelsim"
html_title = "bilevelsim"
extensions = ["myst_parser", "sphinx_copybutton", "pages"]
exclude_patterns = ["_build", "examples", "**/__pycache__"]
source_suffix = {".md": "markdown"}

# Quotes and dashes are part of formulas and of commands.
smartquotes = False
myst_heading_anchors = 4
highlight_language = "text"

html_theme = "furo"
html_static_path = ["style"]
html_css_files = ["wide.css"]
html_show_copyright = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": False}

# What is copied is a command or a program, without prompts and without what was printed.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
copybutton_selector = "div:not(.highlight-text):not(.highlight-output) > div.highlight > pre"
