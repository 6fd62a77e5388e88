"""Comparison studies: which estimators, on which data, how often, and what came of it.

studies.schema    the study file (TOML) and its checks
studies.cells     a study as a list of independent runs
studies.runner    runs what is missing: which cells when (scheduling), each in a process of its own
                  (processes, serving, worker), one runner a folder (locking)
studies.results   the store of results, one SQLite file a study
studies.report    tables, figures and prose, made from stored results alone
"""
