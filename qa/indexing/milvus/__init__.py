"""Generations in Milvus: a server or cluster, or milvus-lite inside the process. Nothing else imports pymilvus."""
