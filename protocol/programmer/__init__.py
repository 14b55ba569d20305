"""The clinician's end: typed prescriptions, the client of the wire protocol, the command line.

CPython only; never on the board.
"""
