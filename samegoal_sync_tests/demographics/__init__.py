"""Tests of the middle: rules column by column, on small districts built by hand."""
