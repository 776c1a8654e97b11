"""The embedded model, behind the same OpenAI-compatible interface as any endpoint.

    weights            the GGUF file: choice, location
    weights_download   WeightsDownload: a GGUF file on its way from the Hub
    hub_download       the program of its child
    process            LocalModel: starts, restarts and ends the child process
    llama_server       the program of the child: llama.cpp's own server

This module imports nothing: the child loads llama.cpp and no more.
"""
