"""A network of four libraries, each a process of its own: `story` tells it, `desk` is one of them."""
