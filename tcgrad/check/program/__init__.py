"""What is to be known of a program before it is evaluated."""
