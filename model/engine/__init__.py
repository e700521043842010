"""The inference engine: ONNX Runtime providers, device buffers, batching, failover, and the catalog of students.

The server and training's evaluation open students here. Nothing here imports torch.
"""
