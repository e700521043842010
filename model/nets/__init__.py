"""The networks as torch modules, and their export to ONNX.

The only package of `model` that imports torch, and so never imported by the server.
"""
