"""Breaks the local Azure, one rule at a time: a client has to notice each.

    mutations.py [PART OF A NAME]

A mutation is a text of the sandbox's source and what it is replaced by, in a clone
of what is committed. The suites of the clients then run against that sandbox, and
at least one job has to fail. The table of which did is written to
target/conformance/mutations.md.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from mutants import MUTANTS

FOLDER = Path("target/conformance")
CLONE = FOLDER / "mutant"
RESULTS = FOLDER / "mutant-results"

# Longer than a suite takes, as a broken Azure can make a client wait.
PATIENCE = 600

SUITES = {
    "python": [FOLDER / "python/bin/python", "-m", "pytest", "-q", "tests/conformance/python"],
    "javascript": ["node", "tests/conformance/javascript/run.mjs"],
}


def main(part=""):
    os.chdir(Path(__file__).parents[2])
    lines = ["| What is broken | Jobs that fail, Python | Jobs that fail, JavaScript |", "|---|---|---|"]
    unnoticed = []
    mutants = [mutant for mutant in MUTANTS if part in mutant.name]
    for mutant in mutants:
        sandbox = build(mutant)
        noticed = {suite: failing_jobs(suite, sandbox) for suite in SUITES}
        if not any(noticed.values()):
            unnoticed.append(mutant.name)
        cells = [", ".join(jobs) or "none" for jobs in noticed.values()]
        lines.append(f"| {mutant.name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    (FOLDER / "mutations.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in unnoticed:
        print(f"nobody noticed: {name}", file=sys.stderr)
    print(f"mutations: {len(mutants) - len(unnoticed)} passed, {len(unnoticed)} failed")
    return 1 if unnoticed or not mutants else 0


def build(mutant):
    """The sandbox with this rule broken, compiled."""
    shutil.rmtree(CLONE, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", "--shared", ".", CLONE], check=True)
    path = CLONE / mutant.file
    source = path.read_text(encoding="utf-8")
    if source.count(mutant.rule) != 1:
        sys.exit(f"{mutant.file} does not have this text once: {mutant.rule}")
    path.write_text(source.replace(mutant.rule, mutant.broken), encoding="utf-8")
    target = (FOLDER / "mutant-target").absolute()
    cargo = [os.environ.get("CARGO", "cargo"), "build", "--quiet", "--locked", "--package", "azure-sandbox"]
    subprocess.run(cargo, cwd=CLONE, env=os.environ | {"CARGO_TARGET_DIR": str(target)}, check=True)
    return target / "debug/azure-sandbox"


def failing_jobs(suite, sandbox):
    shutil.rmtree(RESULTS, ignore_errors=True)
    environment = os.environ | {
        "AZURE_SANDBOX": str(sandbox),
        "CONFORMANCE_RESULTS": str(RESULTS.absolute()),
    }
    try:
        done = subprocess.run(SUITES[suite], env=environment, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return ["(the suite did not end)"]
    results = RESULTS / f"{suite}.jsonl"
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    failed = {it["job"] for it in map(json.loads, lines) if it["result"] != "passed"}
    if done.returncode != 0 and not failed:
        return ["(the suite)"]
    return sorted(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
