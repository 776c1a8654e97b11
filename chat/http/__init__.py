"""HTTP: the routes, their bodies, Server-Sent Events, and the middleware before them. Knows no page."""
