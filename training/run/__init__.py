"""A run from its first step to its last: the loop, checkpoints, validation, the journal."""
