"""Children and who owns their lives: spawning, readiness, output, stopping, never leaving any."""
