"""Every command of the documentation is run, or listed with the reason why not."""
