"""What programs ask for, and tell us."""
