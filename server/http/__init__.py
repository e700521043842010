"""HTTP: aiohttp routes and middleware, metrics, health, and the OpenAPI description.

The only room with HTTP requests and responses of its own. Imported only by `serve`.
"""
