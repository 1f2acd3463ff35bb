"""Complaints (投诉): filed, graded, looked into, answered, settled. Read ``table`` first."""
