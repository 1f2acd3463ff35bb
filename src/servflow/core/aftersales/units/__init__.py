"""Units in service (已售产品、项目): from delivery through trial run to the end of their life.

Read ``table`` first.
"""
