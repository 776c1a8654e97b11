"""Work beside the requests: nothing here is waited for by a caller.

background_tasks     owns the tasks, ends them with the engine
checkpoints          growing answers are saved every few seconds
accounting           an ended answer: history, tokens, metrics, trace
conversation_titles  a title, written by the idle model
expiry               unused files and old generations are deleted
place_leases         places of answers in progress, over all replicas
passage_vectors      vectors of files' passages, where the owner names a model for them
endpoint_setup       the endpoint that answers: the owner's, or the embedded model
"""
