"""The sessions of a server: registry of publishers, viewers and streams; admission; what all sessions share.

Imported by `signalling` and `http`; knows no HTTP and no JSON of requests.
"""
