"""The sessions of a server: publishers, viewers, streams, admission, statistics.

Imported by `signalling` and `http`; knows no HTTP and no JSON of requests.
"""
