"""Studies: one recipe in several variants, each with several seeds. The studies that ship lie beside the code."""
