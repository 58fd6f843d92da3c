"""The chart, and what Helm makes of it."""

import shutil
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm/mi-gateway"
HERE = ROOT / "tests/chart"
BUILT = ROOT / "target/chart"
MAJORS = ("helm3", "helm4")

# Values files of the matrix, by name.
CASES = {path.stem: path for path in sorted((CHART / "ci").glob("*.yaml"))}

# The oldest that Chart.yaml allows, and the newest that there are schemas of.
KUBERNETES = ("1.27.0", "1.37.0")

NAMESPACE = "ops"


class Refused(Exception):
    """What Helm said."""


def helm(major, *arguments):
    done = subprocess.run(
        [BUILT / "tools" / major, *map(str, arguments)], capture_output=True, text=True
    )
    if done.returncode:
        raise Refused(done.stdout + done.stderr)
    return done.stdout


def render(chart, *arguments, major="helm4", release="rel"):
    """The text that `helm template` prints."""
    return helm(major, "template", release, chart, "--namespace", NAMESPACE, *arguments)


def objects(text):
    return [it for it in yaml.safe_load_all(text) if it]


class Objects:
    """What was rendered, by kind and the end of the name."""

    def __init__(self, text):
        self.all = objects(text)

    def __call__(self, kind, suffix=""):
        found = [it for it in self.all if it["kind"] == kind and it["metadata"]["name"].endswith(suffix)]
        assert len(found) == 1, f"{kind} …{suffix}: {[it['metadata']['name'] for it in found]}"
        return found[0]

    def has(self, kind):
        return any(it["kind"] == kind for it in self.all)

    def names(self, kind):
        return sorted(it["metadata"]["name"] for it in self.all if it["kind"] == kind)

    @property
    def pod(self):
        return self("Deployment")["spec"]["template"]["spec"]

    @property
    def container(self):
        return self.pod["containers"][0]

    @property
    def variables(self):
        """All variables of the gateway with a value, as its process would have them."""
        given = dict(self("ConfigMap", "-config")["data"])
        for variable in self.container.get("env", []):
            if "value" in variable:
                given[variable["name"]] = variable["value"]
        return given


def copy_of_chart(folder, dashboards=None, alerts=None):
    """The chart with these dashboards and alerts, or none, and not with its own."""
    chart = folder / "mi-gateway"
    shutil.copytree(CHART, chart, ignore=shutil.ignore_patterns("dashboards", "alerts"))
    for name, source in (("dashboards", dashboards), ("alerts", alerts)):
        if source:
            shutil.copytree(source, chart / name)
    return chart
