"""Every use of a private or replaced name of aiortc and aioice, each with a contract test.

No other package uses such a name. The tests of this package check each new release of either library.
"""
