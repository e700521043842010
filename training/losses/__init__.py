"""Losses of pixels, teacher features and perceptual features, and their weighted sum, the objective."""
