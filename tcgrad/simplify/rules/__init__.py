"""The rules that bring one node to its normal form, its children being simplified."""
