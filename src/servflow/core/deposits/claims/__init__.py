"""Claims to the use of a deposit: read ``table`` first."""
