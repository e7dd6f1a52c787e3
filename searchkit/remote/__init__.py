"""An index on an OpenSearch server: the same questions, answered there."""
