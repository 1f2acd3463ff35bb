"""The pure core: standard library and itself, nothing else; it can be vendored as one folder."""
