"""Telemetry: logs, metrics, traces. Never a text of a visitor or a model.

logs         one line per entry, as text or JSON
metrics      counts and times, for Prometheus
traces       one OpenTelemetry trace per turn, if a collector is set
"""
