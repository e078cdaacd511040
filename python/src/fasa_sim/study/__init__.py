"""What open-loop metrics are worth in a live model: a study, read from YAML, run unit by unit, and analysed."""
