"""Plain ASGI middleware before the page and the routes, one module each."""
