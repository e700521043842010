"""`acutance study`: opinion studies with people, after ITU-T P.910. Imported by `cli` only."""
