"""The protocol between the server and the process that fits a student to a call. Imports nothing of the project."""
