"""What a peer may send over its connection, spoilt with its structure in mind, and a good call beside it."""
