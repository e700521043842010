"""The sessions of a server: registry of publishers, viewers and streams; admission; shared objects.

Imported by `signalling` and `http`; contains no HTTP and no JSON of requests.
"""
