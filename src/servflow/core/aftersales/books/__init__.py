"""Books of numbers (单据簿): registers and series whose numbers have no gap. Read ``table`` first."""
