"""Points at which everything is compared, and what is evaluated there first."""
