"""Failures in a call and their effect on users: one peer has the fault, a second peer must not be affected."""
