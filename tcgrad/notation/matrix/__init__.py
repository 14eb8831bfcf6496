"""Matrix expressions: what they are, how they are built so that they read well, and how they are printed."""
