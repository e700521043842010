"""The commands of acutance-train, one module each."""
