"""The serial protocol: wire/ is run by both ends, programmer/ by the clinician's end alone."""
