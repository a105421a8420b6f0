"""The cage: what a process that is shut in can no longer do, and where there is no cage."""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kogge.errors import Misconfigured
from kogge.store import cage

linux = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="the cage is one of Linux on x86_64 and aarch64",
)
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
START = """
import ctypes, errno, os, socket, subprocess, sys, threading
from kogge.errors import Misconfigured
from kogge.store import cage
def told(call):
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a script in a process of its own: what is shut stays shut."""
    command = [sys.executable, "-c", START + script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def said(script: str, *arguments: str) -> str:
    done = run(script, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@linux
def test_the_limits_hold_memory_core_files_and_descriptors() -> None:
    script = """
cage.limit(1 << 30, 7)
print(open("/proc/self/limits").read())
print("nice", os.nice(0))
try:
    bytearray(1 << 30)
except MemoryError:
    print("refused")
"""
    lines = said(script).splitlines()
    limits = {line[:26].strip(): line[26:].split()[:2] for line in lines if line.startswith("Max")}
    assert limits["Max address space"] == ["1073741824", "1073741824"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["256", "256"]
    assert lines[-2:] == ["nice 7", "refused"]


@linux
def test_a_sealed_process_reaches_no_network_no_program_and_no_other_process() -> None:
    script = """
cage.seal()
print(told(socket.socket), told(lambda: subprocess.run(["true"])), told(os.fork))
print(told(lambda: os.kill(os.getppid(), 0)), told(lambda: os.pidfd_open(os.getppid())))
"""
    assert said(script).split() == ["EACCES"] * 5


@linux
def test_a_sealed_process_still_reads_files_and_starts_threads() -> None:
    script = """
cage.seal()
told_by_thread = []
thread = threading.Thread(target=lambda: told_by_thread.append(len(os.listdir("/"))))
thread.start(); thread.join()
print(told_by_thread[0] > 0, len(open(__import__("os").__file__).read()) > 1000)
"""
    assert said(script) == "True True"


@linux
def test_threads_that_run_already_are_shut_in_too() -> None:
    script = """
shut, answers = threading.Event(), []
thread = threading.Thread(target=lambda: (shut.wait(), answers.append(told(socket.socket))))
thread.start(); cage.seal(); shut.set(); thread.join()
print(answers[0])
"""
    assert said(script) == "EACCES"


@linux
@pytest.mark.parametrize("name", sorted(cage._MACHINES[platform.machine()][1].keys() - cage._CHECKED))
def test_each_listed_call_is_refused(name: str) -> None:
    number = cage._MACHINES[platform.machine()][1][name]
    script = """
libc = ctypes.CDLL(None, use_errno=True)
cage.seal()
print(libc.syscall(int(sys.argv[1]), -1, 0, 0, 0, 0, 0), errno.errorcode[ctypes.get_errno()])
"""
    assert said(script, str(number)) == "-1 EACCES"


@linux
def test_only_threads_can_be_cloned_and_only_the_process_itself_be_aborted() -> None:
    script = """
libc = ctypes.CDLL(None, use_errno=True)
numbers = cage._machine()[1]
def call(name, *arguments):
    ctypes.set_errno(0)
    libc.syscall(numbers[name], *arguments)
    return errno.errorcode.get(ctypes.get_errno(), "done")
parent = os.getppid()
cage.seal()
print(call("clone", 17, 0, 0, 0, 0), call("clone3", 0, 0), call("tgkill", parent, parent, 0))
print(call("tgkill", os.getpid(), threading.get_native_id(), 0), flush=True)
os.abort()
"""
    done = run(script)
    assert done.stdout.split() == ["EACCES", "ENOSYS", "EACCES", "done"]
    assert done.returncode == -signal.SIGABRT


@linux
def test_where_the_kernel_takes_no_filter_the_cage_says_so() -> None:
    script = """
cage.install({"seccomp"})
try:
    cage.seal()
except Misconfigured as error:
    print(error.message)
"""
    assert "the kernel refuses the filter" in said(script)


@pytest.mark.parametrize("machine", ["riscv64", "i686"])
def test_a_machine_without_a_table_has_no_cage(monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(Misconfigured, match=machine):
        cage.seal()


@linux
def test_a_child_ends_with_its_parent() -> None:
    child = """
import sys, time
from kogge.store import cage
cage.die_with(int(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""
    parent = """
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    done = run(parent, child)
    assert done.returncode == -signal.SIGKILL
    assert gone(int(done.stdout))


@pytest.mark.parametrize("machine", sorted(HEADERS))
def test_the_numbers_of_the_calls_are_those_of_the_kernel(machine: str) -> None:
    if not HEADERS[machine].is_file():
        pytest.skip(f"the headers of the kernel for {machine} are not installed")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text())
    numbers = {name: int(number) for name, number in found}
    listed = cage._MACHINES[machine][1]
    assert len(listed) > 35
    assert {name: numbers.get(name) for name in listed} == listed


def gone(process: int, within: float = 2.0) -> bool:
    """Whether a process that is not our child has ended."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(process, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)
    return False
