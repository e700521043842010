"""`acutance bench`: real round trips, students and viewers measured on this machine.

Imported only by the command line.
"""
