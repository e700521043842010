"""`acutance study serve`: the page for raters and the requests with which it stores their votes. Imported by `cli`."""
