"""Every command that the documentation shows is run, or says why it is not."""
