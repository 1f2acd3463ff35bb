"""Mutation testing: small mistakes are put into the core one at a time, and its tests must notice.

`changes` says which mistakes there are, `trial` runs the tests over one of them, and the program
(``__main__``) draws a sample, counts, and says what went unnoticed.
"""
