"""The service ticket: from a report to its closing, with custody, papers, clocks and money.

Read ``table`` first.
"""
