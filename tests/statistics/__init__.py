"""How often the analysis is right: coverage of its intervals, and false alarms, over many simulated samples.

``python -m tests.statistics`` prints all of it; the suite holds a quick version. A study is a function that gives a
table, listed in ``__main__``.
"""
