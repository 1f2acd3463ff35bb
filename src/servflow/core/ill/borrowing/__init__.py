"""The requesting library's side: a patron's need, and the suppliers asked. Read ``table`` first."""
