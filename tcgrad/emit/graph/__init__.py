"""The array program: nodes whose axes are known by number, and how values are built of them."""
