"""The GPU: one launching thread and the gate of CUDA graphs, errors, buffers with graphs, copies, and checks.

Everything here is tested against a staged device on the CPU; no frame has gone through a GPU yet.
"""
