"""A dispatch centre (调度中心) between two libraries: read ``table`` first, then ``passing``."""
