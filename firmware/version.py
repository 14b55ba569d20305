"""The version of the firmware, as hello tells it."""

VERSION = "0.1.0"
