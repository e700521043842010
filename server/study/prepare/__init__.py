"""`acutance study prepare`: makes the clips that raters see from sources, connections and students.

Imported by `cli` only.
"""
