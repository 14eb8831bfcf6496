"""From numbers to verdicts, and the results that reports tell."""
