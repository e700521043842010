"""The memory of one call: the plate, which is luma seen sharp while the connection was good.

A student takes detail from the plate where it fits the present frame. Training and the server use the same code. Needs
NumPy and OpenCV; nothing here imports torch.
"""
