"""The HTTP service: the media program's use cases as resources, over one store. Start reading at app.py; the routes are in *_routes.py."""
