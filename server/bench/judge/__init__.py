"""`acutance bench stream --judge`: what arrived, what was returned, and the same frames encoded without a student.

Imported only by `bench`. The measures are those of `acutance-train compare`, which runs in a process of its own: the
server never imports torch.
"""
