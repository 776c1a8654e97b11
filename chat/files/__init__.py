"""Uploaded files: the inbox of a browser's uploads, and attachments, which are read, indexed and stored.

Knows no file format (chat.extraction) and no question (chat.grounding).
"""
