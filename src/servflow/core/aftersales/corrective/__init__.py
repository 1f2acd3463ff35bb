"""Corrective action (纠正预防措施): a fault, its cause, what is done about it, whether that helped.

Read ``table`` first.
"""
