"""Level 3, store: the cage around a process that evaluates strangers' queries.

First the limits (`limit`), then the snapshot is opened, then the door is shut (`seal`): no network, no other
program, no other process. The engine fetches for `SERVICE` with sockets of its own, which nothing in Python
can see; so the kernel has to refuse (seccomp, https://docs.kernel.org/userspace-api/seccomp_filter.html).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from kogge.errors import Misconfigured

FILES: Final = 256  # descriptors; the engine wants 96

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_SET_MODE_FILTER: Final = 1
_ALL_THREADS: Final = 1  # the engine has threads by the time the door is shut

# The numbers of the system calls: (audit architecture, name → number), from the kernel's unistd.h of each.
# fmt: off
_X86_64: Final[Mapping[str, int]] = {
    "socket": 41, "socketpair": 53, "connect": 42, "bind": 49, "listen": 50, "accept": 43, "accept4": 288,
    "sendto": 44, "sendmsg": 46, "sendmmsg": 307, "recvfrom": 45, "recvmsg": 47, "recvmmsg": 299,
    "execve": 59, "execveat": 322, "fork": 57, "vfork": 58,
    "kill": 62, "tkill": 200, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297,
    "pidfd_open": 434, "pidfd_send_signal": 424, "pidfd_getfd": 438,
    "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311,
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "unshare": 272, "setns": 308, "mount": 165, "open_by_handle_at": 304, "keyctl": 250,
    "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "init_module": 175, "finit_module": 313,
    "clone": 56, "clone3": 435, "tgkill": 234, "seccomp": 317,
}
_AARCH64: Final[Mapping[str, int]] = {
    "socket": 198, "socketpair": 199, "connect": 203, "bind": 200, "listen": 201, "accept": 202,
    "accept4": 242, "sendto": 206, "sendmsg": 211, "sendmmsg": 269, "recvfrom": 207, "recvmsg": 212,
    "recvmmsg": 243, "execve": 221, "execveat": 281,
    "kill": 129, "tkill": 130, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240,
    "pidfd_open": 434, "pidfd_send_signal": 424, "pidfd_getfd": 438,
    "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271,
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "unshare": 97, "setns": 268, "mount": 40, "open_by_handle_at": 265, "keyctl": 219,
    "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "init_module": 105, "finit_module": 273,
    "clone": 220, "clone3": 435, "tgkill": 131, "seccomp": 277,
}
# fmt: on
_MACHINES: Final = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}
_CHECKED: Final = frozenset({"clone", "clone3", "tgkill", "seccomp"})  # these have a rule of their own

# Instructions of the filter (linux/bpf_common.h) and what it can return (linux/seccomp.h).
_LOAD: Final = 0x20  # the word at k of struct seccomp_data: 0 number, 4 architecture, 16 first argument
_IF_EQUAL, _IF_ABOVE, _IF_BITS = 0x15, 0x35, 0x45
_RETURN: Final = 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_CLONE_THREAD: Final = 0x00010000
_X32: Final = 0x40000000  # a second set of numbers on x86_64


def limit(memory: int, niceness: int) -> None:
    """Holds this process to `memory` bytes of address space, no core file, few descriptors and low priority.

    Raises Misconfigured where the system has no such limits.
    """
    try:
        for kind, most in (
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, FILES),
        ):
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))
    except (OSError, ValueError) as error:
        raise _no_cage(f"the limits cannot be set ({error})") from error
    os.nice(niceness)
    with contextlib.suppress(OSError):  # if the memory of the machine runs out, this process goes first
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def die_with(parent: int) -> None:
    """Has the kernel kill this process when the thread that started it ends. `parent` is its process id."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os._exit(0)


def seal() -> None:
    """From here on every thread of this process is refused network, programs and other processes (EACCES).

    Files can still be opened and threads started. Raises Misconfigured where there is no seccomp.
    """
    install(_machine()[1].keys() - _CHECKED)


def install(names: Iterable[str]) -> None:
    """Refuses the system calls of these names, new processes and signals to others; for good.

    Raises Misconfigured where the kernel or the machine does not know such filters.
    """
    program = _program(names)
    buffer = ctypes.create_string_buffer(program, len(program))
    described = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer)))
    if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise _no_cage(os.strerror(ctypes.get_errno()))
    if _libc().syscall(_machine()[1]["seccomp"], _SET_MODE_FILTER, _ALL_THREADS, described) != 0:
        raise _no_cage(f"the kernel refuses the filter ({os.strerror(ctypes.get_errno())})")


def _program(names: Iterable[str]) -> bytes:
    architecture, numbers = _machine()
    refuse = _REFUSE | errno.EACCES
    lines = [(_LOAD, 0, 0, 4), (_IF_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    lines += [(_IF_ABOVE, 0, 1, _X32), (_RETURN, 0, 0, refuse)]
    for name in sorted(names):
        lines += [(_IF_EQUAL, 0, 1, numbers[name]), (_RETURN, 0, 0, refuse)]
    # The flags of clone3 lie in memory, where a filter cannot look: without it the C library uses clone.
    lines += [(_IF_EQUAL, 0, 1, numbers["clone3"]), (_RETURN, 0, 0, _REFUSE | errno.ENOSYS)]
    own = os.getpid()  # abort() signals its own thread
    for name, test, value in (("clone", _IF_BITS, _CLONE_THREAD), ("tgkill", _IF_EQUAL, own)):
        lines += [(_IF_EQUAL, 0, 4, numbers[name]), (_LOAD, 0, 0, 16), (test, 0, 1, value)]
        lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, refuse)]
    lines += [(_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _machine() -> tuple[int, Mapping[str, int]]:
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _MACHINES:
        raise _no_cage(f"there is no filter of system calls for {sys.platform} on {machine}")
    return _MACHINES[machine]


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _no_cage(reason: str) -> Misconfigured:
    return Misconfigured(
        f"Queries cannot be caged here: {reason}.",
        "Run on Linux (x86_64 or aarch64) with seccomp, or allow the service to run without.",
    )
