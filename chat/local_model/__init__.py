"""The embedded model, behind the same OpenAI-compatible interface as any endpoint.

weights        which GGUF file, where it lies, how it is fetched
process        LocalModel: the child process, started, guarded, started again, ended
llama_server   what runs in the child: llama.cpp's own server
"""

from chat.local_model.process import LocalModel
from chat.local_model.weights import Weights, fetch_weights, find_weights

__all__ = ["LocalModel", "Weights", "fetch_weights", "find_weights"]
