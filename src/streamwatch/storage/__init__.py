"""Copies of files in an object storage that speaks S3: evidence, and whatever else must outlive this machine."""
