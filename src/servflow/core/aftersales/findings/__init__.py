"""Findings (检查与处罚): what was found of somebody's work, put right, punished, appealed against.

Read ``table`` first.
"""
