"""What users test with: strategies and laws for fees, contracts for adapters, lifecycles to try them on.

``strategies`` draws rules and facts, ``laws`` tries the laws of fees on a rule, ``plugin`` does so under
pytest for whole rulebooks. Each is loaded when it is imported itself: what it needs comes with the extra
``testing``, and this package needs nothing.
"""
