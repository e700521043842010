"""Every use of a private or replaced name of aiortc and aioice, each with a contract test.

No other room touches such a name. A new release of either library is checked against the tests of this package.
"""
