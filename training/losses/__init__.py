"""What a run minimises: pixel losses, teacher features, perceptual features, and their weighted sum."""
