"""A demonstration: a believable provider, made up, and the main job shown on it."""
