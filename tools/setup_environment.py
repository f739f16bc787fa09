"""Makes Squama's environment: `.venv` with the pinned versions, and on Linux the system libraries that Qt needs.

    python3.11 tools/setup_environment.py [--torch-index URL] [--force]

Standard library only, on any platform. Does nothing where the environment already fits pyproject.toml and
constraints.txt. uv does the installing, since pip resolves a torch build that torchvision cannot use.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "setup-done.txt"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")

# What Qt loads, and the Debian 12 package that brings it.
LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
CHINESE_FONT = "fonts-wqy-microhei"
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
FONT_NAMES = ("wqy", "cjk", "sourcehan", "droidsansfallback", "simsun", "simhei", "msyh", "uming", "ukai")


def main() -> int:
    parser = argparse.ArgumentParser(description="Make Squama's environment in .venv.")
    parser.add_argument("--torch-index", default="", help="package index to take torch and torchvision from (CPU-only)")
    parser.add_argument("--force", action="store_true", help="install anew")
    options = parser.parse_args()
    if sys.version_info[:2] != (3, 11):
        return _fail(f"Squama needs Python 3.11; this is {sys.version.split()[0]}. Run this with python3.11.")
    complete = _system_packages()
    wanted = _fingerprint(options.torch_index)
    if not options.force and PYTHON.exists() and STAMP.exists() and _same(STAMP.read_text("utf-8"), wanted, options):
        return 0 if complete else 1
    try:
        _environment(options.torch_index)
    except subprocess.CalledProcessError as error:
        return _fail(f"The set-up stopped at: {' '.join(map(str, error.cmd))}")
    STAMP.write_text(wanted, "utf-8")
    _say("The environment stands in .venv.")
    return 0 if complete else 1


def _environment(torch_index: str) -> None:
    if not PYTHON.exists():
        _say("Making .venv ...")
        venv.create(VENV, with_pip=True, symlinks=os.name != "nt")
    _run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", "constraints.txt", "uv")
    # A hospital's network often signs with a certificate of its own, which only the system knows.
    uv = [PYTHON, "-m", "uv", "--system-certs"]
    install = [*uv, "pip", "install", "--python", PYTHON, "-c", "constraints.txt"]
    if torch_index:
        _say("Installing PyTorch from the index given ...")
        # Such an index has other packages too, in versions that are not ours: those come with the rest.
        _run(*install, "--no-deps", "--reinstall", "--index-url", torch_index, "torch", "torchvision")
    _say("Installing Squama and what it needs (with PyTorch's CUDA libraries some 3 GB) ...")
    _run(*install, "--compile-bytecode", "-e", ".[dev]")  # else the first start spends 7 s on compiling torch


def _fingerprint(torch_index: str) -> str:
    files = (ROOT / "pyproject.toml", ROOT / "constraints.txt", Path(__file__))
    digest = hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()
    return f"{digest} {'cpu' if torch_index else 'default'}\n"


def _same(stands: str, wanted: str, options: argparse.Namespace) -> bool:
    """A plain `make test` after a CPU-only set-up keeps it."""
    return stands == wanted or (not options.torch_index and stands.split()[:1] == wanted.split()[:1])


def _system_packages() -> bool:
    """Install what is missing where that may be done, else name it. False where something is missing in the end."""
    if not sys.platform.startswith("linux"):
        return True
    missing = _missing()
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        _say(f"Installing {' '.join(missing)} ...")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-q"], ["install", "-yq", "--no-install-recommends", *missing]):
            subprocess.run(["apt-get", *command], check=False, env=environment, stdout=subprocess.DEVNULL)
        missing = _missing()
    if missing:
        _say(
            "System packages are missing, which Squama's window needs. As root on Debian or Ubuntu:\n"
            f"    apt-get update && apt-get install {' '.join(missing)}\n"
            "On another Linux, install the packages that bring the same libraries, then run the set-up again."
        )
    return not missing


def _missing() -> list[str]:
    packages = [package for library, package in LIBRARIES.items() if not _loads(library)]
    return packages if _has_chinese_font() else [*packages, CHINESE_FONT]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _has_chinese_font() -> bool:
    for folder in FONT_FOLDERS:
        for file in Path(folder).expanduser().glob("**/*.[to]t[cf]"):
            if any(name in file.name.lower().replace("-", "").replace("_", "") for name in FONT_NAMES):
                return True
    return False


def _run(*command: str | Path) -> None:
    subprocess.run([str(c) for c in command], check=True, cwd=ROOT)


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def _fail(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
