"""The inference engine: ONNX Runtime, OpenVINO, the choice between them, buffers, batching, failover, the catalog.

The server and training's evaluation open students here. Nothing here imports torch.
"""
