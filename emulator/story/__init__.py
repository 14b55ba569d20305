"""What scenarios, served pumps, the demo and their reports are made of.

The kernel knows nothing of it.
"""
