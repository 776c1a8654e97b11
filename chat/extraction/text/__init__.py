"""Formats that are text: plain text and CSV, HTML, mail, notebooks, RTF; and the guess of an encoding."""
