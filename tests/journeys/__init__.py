"""Whole journeys, as users walk them."""
