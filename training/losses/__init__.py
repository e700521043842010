"""Losses: of pixels, of teacher features and of perceptual features, and their weighted sum, the objective."""
