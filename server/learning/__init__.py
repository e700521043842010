"""Learning of a running call: a process of low priority fits its students to good frames of the call."""
