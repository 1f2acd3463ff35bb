"""The supplying library's side: requests supplied, and the borrowers' accounts. Read ``table`` first."""
