"""A report as one HTML file that opens from disk and asks no network for anything."""

from studies.report.html.index import IndexEntry, index_page
from studies.report.html.page import page
from studies.report.html.panels import Extras, extras_of

__all__ = ["Extras", "IndexEntry", "extras_of", "index_page", "page"]
