"""The compared methods: students, checkpoints, foreign networks, the unsharp mask, the linear filter."""
