"""The clients of the benchmarks: peers that send the material, publishers and viewers, in separate processes.

Imported only by `bench`.
"""
