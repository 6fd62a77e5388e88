"""Reports: tables, figures and prose, made from stored results alone."""

from studies.report.sections import section_names

__all__ = ["section_names"]
