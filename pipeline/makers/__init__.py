"""Makers of data that the product reads: run by hand, their output is reviewed and committed."""
