"""`acutance study report`: screening of raters, opinion scores with intervals, and the votes still needed.

Imported by `cli`; the modules that need pandas, SciPy and Matplotlib only when a report is made.
"""
