"""HTTP: aiohttp routes and middleware, metrics, health, and the OpenAPI description.

The only package that handles requests of clients as HTTP objects. Imported only by `serve`.
"""
