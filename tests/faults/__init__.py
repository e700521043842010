"""What breaks in a call, and what people see of it: one peer has the trouble, another one beside it must not notice."""
