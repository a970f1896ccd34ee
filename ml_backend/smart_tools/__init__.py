"""Clicks and boxes drawn in Label Studio, answered with regions."""
