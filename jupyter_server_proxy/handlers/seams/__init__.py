"""What other packages written for 4.6 override, and the paths that their overrides take."""
