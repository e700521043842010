"""Export of a run: the ONNX graph, its model card, the parity check."""
