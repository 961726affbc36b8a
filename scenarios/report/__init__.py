"""``report.html``: what came of a comparison as one page to open, to sort, to print and to send.

::

    report.html(report.Report(question=..., answer=..., table=..., ...))

The page stands alone: style, script and figures are inside, and it asks no network for anything.
"""

from scenarios.report.drawings import Drawing
from scenarios.report.page import Provenance, Report, html

__all__ = ["Drawing", "Provenance", "Report", "html"]
