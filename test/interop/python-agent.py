"""Runs an agent at the end of a pipe: one JSON object a line in (a call), one a line out (its answer, or an error).

Usage: python3 -IB python-agent.py FILE. FILE has a class Agent: each of its methods without a leading underscore is a call, its
parameters are the call's; and a function stanza_error, which gives type, condition and text of an exception, or None if that is
no error which came back over the stream. Other modules of its folder can be imported.
"""
import asyncio
import importlib.util
import json
import logging
import sys
from pathlib import Path


def load(path):
    # Last, so that nothing there is taken for something else.
    sys.path.append(str(Path(path).parent))
    spec = importlib.util.spec_from_file_location("agent", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CALL_S = 10


async def outcome(module, agent, call):
    try:
        return {"result": await asyncio.wait_for(getattr(agent, call["call"])(**call["with"]), CALL_S)}
    except Exception as error:
        stanza_error = module.stanza_error(error)
        if stanza_error is None:
            raise
        return {"stanzaError": stanza_error}


async def answer(module, agent, call):
    try:
        line = json.dumps({"id": call["id"], **await outcome(module, agent, call)})
    except Exception as error:
        line = json.dumps({"id": call["id"], "failure": f"{type(error).__name__}: {error}"})
    print(line, flush=True)


async def main(path):
    logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr)
    module = load(path)
    agent = module.Agent()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running = set()
    while line := await reader.readline():
        task = asyncio.ensure_future(answer(module, agent, json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main(sys.argv[1]))
