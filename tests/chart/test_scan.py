"""What a scanner of policies finds, and why it is meant."""

import json
import subprocess

from chart import BUILT, CASES, HERE


def meant():
    lines = (HERE / "trivyignore").read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_a_scan_finds_what_is_meant_and_nothing_else(rendered, tmp_path):
    for case in CASES:
        (tmp_path / f"{case}.yaml").write_text(rendered["helm4", case])
    scan = [BUILT / "python/bin/trivy", "config", "--skip-check-update", "--skip-version-check"]
    scan += ["--quiet", "--format", "json", "--ignorefile", "/dev/null", tmp_path]
    done = subprocess.run(scan, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["Results"]
    assert {it["Target"] for it in results} == {f"{case}.yaml" for case in CASES}
    found = {
        it["ID"]: f"{it['ID']} {result['Target']}: {it['Message']}"
        for result in results
        for it in result.get("Misconfigurations", [])
        if it["Status"] == "FAIL"
    }
    assert not {text for rule, text in found.items() if rule not in meant()}
    assert meant() == found.keys()
