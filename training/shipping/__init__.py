"""From a run to the files that ship: the ONNX graph, its model card, the parity check."""
