"""Accounts of readers, operators and institutions at a desk: read ``table`` first."""
