"""Estimation of the models behind predicted customer lifetime value."""
