"""Predicted lifetime value: what is estimated before SQL scores the customers."""
