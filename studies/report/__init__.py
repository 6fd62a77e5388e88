"""Reports: tables, figures and prose, made from stored results alone.

studies.report.sections     the names of sections
studies.report.writing      write_report, write_index, summary_table
studies.report.building     results to a document, section by section
studies.report.model        what a document is made of
studies.report.rendering    a document to files
"""

from studies.report.sections import section_names, special_section_names
from studies.report.writing import summary_table, write_index, write_report

__all__ = ["section_names", "special_section_names", "summary_table", "write_index", "write_report"]
