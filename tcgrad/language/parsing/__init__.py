"""From the text of an equation to its syntax tree."""
