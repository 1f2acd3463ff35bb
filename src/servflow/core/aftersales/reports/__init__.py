"""Reports of a service desk (报表): samples, indicators, registers, daily to yearly reports, retention.

1. Everything is a pure function of tickets and complaints as they are; nothing is kept beside them.
2. Shares are never averaged: sums, over periods or branches, add numerators and denominators.
3. Every value has a flat row (``export``), from which every figure can be worked out again by hand.
4. Days are those of a zone, which comes in as an argument; a period is a term.
"""
