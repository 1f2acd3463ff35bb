"""The deposit account of a building: read ``table`` first."""
