"""Commands of `acutance-train` that measure: one module for each. Imported by `main`."""
