"""What Label Studio is told: label configs, recipes, project settings, views."""
