"""Text becomes what people declared: YAML with places, checked, everything wrong at once."""
