"""From a query to ranked tasks."""
