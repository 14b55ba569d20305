"""What runs on the board beside the firmware: its root, doctor's probes, hil's bench chip."""
