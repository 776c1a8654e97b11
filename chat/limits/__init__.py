"""Limits for callers: auth decides who may call, quotas decide how much. Knows no generation and no route."""
