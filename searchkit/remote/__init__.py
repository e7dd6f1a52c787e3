"""Indexes on an OpenSearch server, behind the same questions: the extra ``opensearch``."""
