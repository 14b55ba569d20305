"""The pump's physics: motor, head, reservoir, catheter, spinal fluid and sensors.

`plant.Plant` wires it to an emulated chip; every part also works alone. Floats are welcome here:
nothing of this runs on the board, and no trace hash contains them.
"""
