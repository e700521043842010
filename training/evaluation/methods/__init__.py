"""The methods that are compared: students, checkpoints, foreign networks, the unsharp mask, the linear filter."""
