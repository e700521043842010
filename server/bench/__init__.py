"""`acutance bench`: real round trips, students and viewers measured on this host.

Imported only by the command line.
"""
