"""What the server says of itself: never a text that a visitor or a model wrote.

logs         one line an entry, as text or JSON
request_log  an id for every request, and its line in the log
metrics      counts and times, for Prometheus
traces       one turn as an OpenTelemetry trace, where that is set up
"""
