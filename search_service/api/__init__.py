"""The REST API over HTTP: who may ask, what is asked, what is answered."""
