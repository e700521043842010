"""`acutance study serve`: the page for raters, and their votes."""
