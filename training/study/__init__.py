"""Studies: one recipe in several variants, each with several seeds. The shipped studies are in the same folder."""
