"""Runs fitwell and its peers on the same data in one go and prints a table of ratios.

For each workload the data is written once; the Rust program `compare` reads it, and then the two sides take turns, so that
a noisy machine is noisy for both. Times are medians. Quality is computed here, by the same function for every side. Memory
is what the first turn took at its height beyond what was there, in units of the data. The floor is what floors.py says.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings

import categories
import cluster
import decomposition
import ensemble
import feature_selection
import features
import floors
import glm
import impute
import inspection
import linear_model
import metrics
import mixture
import mlp
import model_selection
import neighbors
import penalised
import rust_peers
import scaling
import sgd
import sparse
import table
from common import ROOT, WORK, resident, status

REST = 0.5  # seconds before each turn: threads of the one before wait for more work by spinning, OpenMP's for 0.2 s
AREAS = [table, scaling, sgd, sparse, features, categories, cluster, decomposition, ensemble, impute, inspection, linear_model, metrics, mixture, mlp, penalised, glm, model_selection, neighbors, feature_selection]


class Ours:
    """The Rust program: reads the data once, then does the job once for each line it is sent."""

    def __init__(self, program, workload, meta):
        self.process = subprocess.Popen(
            [program, workload, str(WORK), json.dumps(meta)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the Rust side stopped")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def build():
    messages = subprocess.run(
        ["cargo", "bench", "--bench", "compare", "--no-run", "--message-format", "json"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout.splitlines()
    programs = [m["executable"] for m in map(json.loads, messages) if m.get("executable")]
    return programs[-1]


def show(seconds):
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        if seconds * factor >= 1.0:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def multiple(memory, size):
    return f"{max(memory, 0) / size:.2f}x" if memory is not None and size else ""


def main():
    warnings.filterwarnings("ignore")  # sklearnex stops at max_iter on images; its objective says how far it came
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=int, default=1, help="1 or 10 times the rows")
    parser.add_argument("--repeat", type=int, default=5, help="turns after the first, which warms up; 0 counts the first")
    parser.add_argument("--alone", action="store_true", help="without the peers in Python: how it grows with the rows")
    parser.add_argument("--rust-peers", action="store_true", help="linfa and smartcore too, where they have the model")
    parser.add_argument("--sk-jobs", type=int, default=None, help="n_jobs of scikit-learn's grid search")
    parser.add_argument("workload", nargs="*", help="prefixes of names; all without")
    args = parser.parse_args()
    model_selection.SK_JOBS = args.sk_jobs
    WORK.mkdir(parents=True, exist_ok=True)
    program = build()
    others = rust_peers.build() if args.rust_peers else None
    print("workload | size | ours | peer | its time | ratio | quality: ours | quality: peer | memory: ours | memory: peer | floor")
    print("---|---|---|---|---|---|---|---|---|---|---")
    machine = floors.rates()
    for w in (w for area in AREAS for w in area.workloads(args.scale)):
        if args.workload and not any(w.name.startswith(p) for p in args.workload):
            continue
        meta = {"root": str(ROOT)}
        data = w.make(meta)
        peers = {} if args.alone else dict(w.peers)
        if others:
            peers |= rust_peers.of(others, w.name, meta)
        ours = Ours(program, w.name, meta)
        files = {m["file"] for m in meta.values() if isinstance(m, dict) and "file" in m} | {meta.get("path", "")} - {""}
        size = sum((WORK / file).stat().st_size for file in files)
        times, quality, memory = {"ours": []}, {}, {}
        for turn in range(args.repeat + 1):
            counts = turn > 0 or args.repeat == 0
            time.sleep(REST)
            answer = ours.run()
            out = answer["out"]
            if counts:
                times["ours"].append(answer["seconds"])
            memory.setdefault("ours", answer["memory"])
            quality["ours"] = w.quality(data, out) if turn == args.repeat else ""
            for peer, run in peers.items():
                time.sleep(REST)
                before = resident()
                seconds, out = run(data)
                if counts:
                    times.setdefault(peer, []).append(seconds)
                if isinstance(run, rust_peers.RustPeer):
                    memory[peer] = run.memory
                memory.setdefault(peer, before and status("VmHWM:") - before)
                quality[peer] = "" if turn < args.repeat else w.quality(data, out) if out is not None else ""
        ours.close()
        for run in peers.values():
            if isinstance(run, rust_peers.RustPeer):
                run.close()
        mine = statistics.median(times["ours"])
        least = floors.floor(w.name, args.scale, str(quality["ours"]), machine)
        least = f"{show(least[0])}: {least[1]}" if least else ""
        if not peers:
            print(f"{w.name} | {w.size} | {show(mine)} | | | | {quality['ours']} | | {multiple(memory['ours'], size)} | | {least}", flush=True)
        for peer in peers:
            its = statistics.median(times[peer])
            took, ratio = show(its), f"{its / mine:.2f}x"
            if said := getattr(peers[peer], "said", ""):
                took, ratio = said, f"over {its / mine:.0f}x" if said.startswith("over") else ""
            print(
                f"{w.name} | {w.size} | {show(mine)} | {peer} | {took} | {ratio}"
                f" | {quality['ours']} | {quality[peer]} | {multiple(memory['ours'], size)} | {multiple(memory.get(peer), size)} | {least}",
                flush=True,
            )


if __name__ == "__main__":
    main()
