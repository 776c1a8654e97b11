"""The embedded model, behind the same OpenAI-compatible interface as any endpoint.

    weights        which GGUF file, where it lies, how it is fetched
    process        LocalModel: the child process, started, guarded, started again, ended
    llama_server   what runs in the child: llama.cpp's own server

Imports nothing here: the child shall hold llama.cpp and no more.
"""
