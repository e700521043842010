"""`acutance study report`: screening of raters, opinion scores with intervals, and the votes still needed."""
