"""Clips through real codecs, judged by what a person sees: regimes, rates, rows by clip, summaries and tables.

Imported by `cli` alone; a result for each clip, setting and method is cached, so that an interrupted run continues.
"""
