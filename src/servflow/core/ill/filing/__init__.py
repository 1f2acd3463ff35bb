"""A request as it is filed at a gateway, until it is with somebody; read ``table`` first."""
