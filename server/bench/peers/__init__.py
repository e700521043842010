"""The clients of the benchmarks: peers that send the material, publishers and viewers, each in a process of its own.

Imported only by `bench`.
"""
