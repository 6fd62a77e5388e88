"""The code of others is imported by the command line, not by pytest."""

collect_ignore = ["theirs"]
