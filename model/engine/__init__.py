"""The inference engine: ONNX Runtime providers, device buffers, batching, failover, and the catalog of students.

The server opens students here; training judges them through the same code. Nothing here imports torch.
"""
