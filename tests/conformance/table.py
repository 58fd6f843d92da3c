"""The table of what each client did: written from the results of the suites.

    table.py RESULTS JOBS TABLE PAGE [--write]

RESULTS is a folder with python.jsonl, javascript.jsonl and contract.jsonl, one
object a job: client, job, result, detail. TABLE is written. PAGE is to show the
same table: where it does not, that is a failure, unless `--write` mends it. So is
every job that failed or that a suite left out.
"""

import json
import sys
import tomllib
from pathlib import Path

SUITES = ("python", "javascript")
BEGIN, END = "<!-- conformance: begin -->\n", "<!-- conformance: end -->"


def main(results, jobs, table, page, write=None):
    jobs = read_jobs(Path(jobs))
    done = {suite: read_results(Path(results) / f"{suite}.jsonl") for suite in SUITES}
    contract = read_results(Path(results) / "contract.jsonl")
    text = clients_table(jobs, done) + "\n" + contract_table(contract)
    Path(table).write_text(text, encoding="utf-8")

    failures = [*missing(jobs, done), *failed(done | {"contract": contract})]
    if not contract:
        failures.append("contract: no results")
    for failure in failures:
        print(failure, file=sys.stderr)
    suites = (*done.values(), contract)
    passed = sum(it["result"] == "passed" for suite in suites for it in suite.values())
    print(f"conformance: {passed} passed, {len(failures)} failed")
    if failures:
        return 1
    return show(Path(page), text, write == "--write")


def read_jobs(path):
    """Every job by its id: its title, and why a suite need not do it."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        f"{table}.{key}": job if isinstance(job, dict) else {"title": job}
        for table, entries in tables.items()
        for key, job in entries.items()
    }


def read_results(path):
    """Every result by its job; a job that ran twice and failed once has failed."""
    results = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            result = json.loads(line)
            known = results.get(result["job"])
            if known is None or known["result"] == "passed":
                results[result["job"]] = result
    return results


def missing(jobs, done):
    for suite, results in done.items():
        for job, wanted in jobs.items():
            if job not in results and suite not in wanted:
                yield f"{suite}: {job} was not done"
            if job in results and suite in wanted:
                yield f"{suite}: {job} was done, and is said to be impossible"
        for job in results.keys() - jobs.keys():
            yield f"{suite}: {job} is not in the list of jobs"


def failed(done):
    for suite, results in done.items():
        for job, result in results.items():
            if result["result"] != "passed":
                yield f"{suite}: {job} failed: {result['detail']}"


def clients_table(jobs, done):
    lines = ["| Job | Python | JavaScript |", "|---|---|---|"]
    for job, wanted in jobs.items():
        cells = [cell(done[suite].get(job), wanted.get(suite)) for suite in SUITES]
        lines.append(f"| {wanted['title']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cell(result, reason):
    if result is None:
        return f"not offered: {reason}" if reason else "**not done**"
    return f"{result['client']}: {verdict(result)}"


def contract_table(results):
    lines = ["| Job of the gateway | Client | Result |", "|---|---|---|"]
    for result in results.values():
        lines.append(f"| {result['title']} | {result['client']} | {verdict(result)} |")
    return "\n".join(lines) + "\n"


def verdict(result):
    return "passed" if result["result"] == "passed" else "**failed**"


def show(page, table, is_to_be_mended):
    """The exit code: whether `page` shows `table`, at the end."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    shown, _, after = rest.partition(END)
    if shown == table:
        return 0
    if is_to_be_mended:
        page.write_text(before + BEGIN + table + END + after, encoding="utf-8")
        return 0
    print(f"{page} shows another table: table.py --write mends it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
