"""Technicians (技术员、服务工程师): what they are qualified for, their appointments.

Their books of repair orders.
"""
