"""Boards on the bench: flashing, the virtual Pico, hardware in the loop."""
