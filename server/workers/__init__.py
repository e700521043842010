"""`acutance serve --workers N`: one process accepts requests, and N worker processes carry the sessions.

`front` is the door of the accepting process: it admits a session, places it on a *carrier*, and passes each later
request on to the carrier that the identifier of the session names. A carrier is anything with the interface of
`carrier.Carrier`; `processes` has the one of this machine. Imported by `serve`.
"""
