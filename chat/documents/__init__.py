"""The text of a file as values. Knows no format and no budget."""
