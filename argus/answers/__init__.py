"""What the services, the REST API and its client answer: typed models, a module for each step of a frame's way.

A model knows no server: it is built by a service, serialised by the API, and read again by `argus.client`.
"""
