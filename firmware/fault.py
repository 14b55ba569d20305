"""Broken invariants, by number: why the pump is in FAULT. Their names: protocol/names.py."""

UNPERMITTED_MOTION = 1
ILLEGAL_TRANSITION = 2
TASK_RAISED = 3
NO_MEMORY = 4
MEMORY_CORRUPT = 5
