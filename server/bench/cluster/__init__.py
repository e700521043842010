"""Benchmarks of clusters: placing sessions on a running one, and a simulation of large ones. Imported by `bench`."""
