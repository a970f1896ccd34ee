"""From Label Studio's tasks to rows, kept up to date."""
