"""What holds at all sizes that fit a spec, and what reads of tensors ask of sizes."""
