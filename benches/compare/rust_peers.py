"""linfa and smartcore beside ours, where they have the model: the program in benches/peers, compiled for this processor."""

import json
import os
import subprocess
import threading

from common import ROOT, TARGET, WORK

LIMIT = 60.0  # seconds of a turn, after which the process is ended and not asked again
LIBRARIES = ["linfa", "smartcore"]


class RustPeer:
    """One library at one workload, called as the peers in Python are. Where it fails or is too late, `said` says so."""

    def __init__(self, program, library, workload, meta):
        self.process = subprocess.Popen(
            [program, library, workload, str(WORK), json.dumps(meta)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.memory, self.said = None, ""
        greeting = self.process.stdout.readline().strip()
        self.knows = greeting != "none"
        if greeting not in ("ready", "none"):
            self.said = "failed to read the data"

    def __call__(self, data):
        if self.said:
            return LIMIT, None
        timer = threading.Timer(LIMIT, self.stop)
        timer.start()
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        timer.cancel()
        answer = json.loads(line) if line else {"error": "it ended"}
        if "error" in answer:
            self.said = self.said or f"failed: {answer['error']}"
            return LIMIT, None
        self.memory = answer["memory"] if self.memory is None else self.memory
        return answer["seconds"], answer["out"]

    def stop(self):
        self.said = f"over {LIMIT:.0f} s"
        self.process.kill()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def build():
    target = (TARGET / "peers").resolve()
    environment = dict(os.environ, CARGO_TARGET_DIR=str(target))
    environment["RUSTFLAGS"] = f"{os.environ.get('RUSTFLAGS', '')} -C target-cpu=native".strip()
    folder = ROOT / "benches" / "peers"
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE)
    return str(target / "release" / "peers")


def of(program, workload, meta):
    """The libraries that have the model, by name."""
    peers = {library: RustPeer(program, library, workload, meta) for library in LIBRARIES}
    for peer in peers.values():
        if not peer.knows:
            peer.close()
    return {library: peer for library, peer in peers.items() if peer.knows}
