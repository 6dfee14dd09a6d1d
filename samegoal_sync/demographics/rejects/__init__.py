"""What is rejected: the rules in words, and the rows that name them."""
