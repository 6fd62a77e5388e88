"""The article, a file a part."""
