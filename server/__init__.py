"""Where frames flow: signalling, sessions and their pipeline."""
