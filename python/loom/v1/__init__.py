"""The runtime's messages, generated from ``loom/v1/*.proto``."""
