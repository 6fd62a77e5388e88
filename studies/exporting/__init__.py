"""Stored results for other programs: tidy tables as CSV or Parquet, the main table as LaTeX."""

from studies.exporting.formats import FORMATS, export_study

__all__ = ["FORMATS", "export_study"]
