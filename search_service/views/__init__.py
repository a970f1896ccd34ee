"""From hits to views in Label Studio, kept up to date."""
