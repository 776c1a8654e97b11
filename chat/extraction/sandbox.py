"""Confinement of the file-reading child: no network, no other process, and only the files that it needs.

Three mechanisms of Linux that work without root, each independent of the others:

    namespaces   a network namespace without interfaces (user_namespaces(7))
    landlock     reads below a list of folders, no writes, no TCP (landlock(7))
    seccomp      sockets, programs, processes, tracing and signals to others fail with EPERM (seccomp(2))

A system that lacks one of them runs without it; the parent logs which. Knows no file format.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 4, 22, 38
SECCOMP_MODE_FILTER = 2
CLONE_NEWUSER, CLONE_NEWNET, CLONE_THREAD = 0x1000_0000, 0x4000_0000, 0x0001_0000

LANDLOCK_CREATE, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT = 444, 445, 446  # the same number on every architecture
LANDLOCK_VERSION, RULE_PATH_BENEATH = 1, 1
WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
FILE_RIGHTS = (13, 14, 15, 15, 16)  # how many rights versions 1 to 5 know
TCP_RIGHTS, SCOPES = 0b11, 0b11  # bind, connect; abstract sockets, signals

SYSTEM_FOLDERS = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share",
)
LINKER_CACHE = "/etc/ld.so.cache"
OWN_PROCESS = "/proc/self"  # its peak of memory
CONTROL_GROUPS = "/sys/fs/cgroup"  # DuckDB looks there for how much memory and how many cores there are
NULL_DEVICE = "/dev/null"

# Numbers of include/uapi/asm-generic/unistd.h (aarch64) and arch/x86/entry/syscalls/syscall_64.tbl.
X86_64 = {
    "refused": (
        *(41, 42, 43, 44, 46, 49, 50, 288),  # socket, connect, accept, sendto, sendmsg, bind, listen, accept4
        *(57, 58, 59, 322),  # fork, vfork, execve, execveat
        *(62, 200, 424, 434, 438),  # kill, tkill, pidfd_send_signal, pidfd_open, pidfd_getfd
        *(101, 310, 311, 304),  # ptrace, process_vm_readv, process_vm_writev, open_by_handle_at
        *(165, 166, 272, 308),  # mount, umount2, unshare, setns
        *(248, 249, 250, 298, 321, 323, 425),  # keys, perf_event_open, bpf, userfaultfd, io_uring_setup
    ),
    "clone": (56,),
    "clone3": (435,),
    "tgkill": (234,),
    "audit": (0xC000_003E,),
}
AARCH64 = {
    "refused": (
        *(198, 203, 202, 206, 211, 200, 201, 242),
        *(221, 281),
        *(129, 130, 424, 434, 438),
        *(117, 270, 271, 265),
        *(40, 39, 97, 268),
        *(217, 218, 219, 241, 280, 282, 425),
    ),
    "clone": (220,),
    "clone3": (435,),
    "tgkill": (131,),
    "audit": (0xC000_00B7,),
}
SYSTEM_CALLS = {"x86_64": X86_64, "aarch64": AARCH64}

# Classic BPF over struct seccomp_data {int nr; u32 arch; u64 ip; u64 args[6]}.
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
ALLOW, FAIL = 0x7FFF_0000, 0x0005_0000
X32_BIT = 0x4000_0000  # a second table of system calls on x86_64

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def isolate_network() -> bool:
    """Move this process to a network without interfaces; call it before any thread is started."""
    return sys.platform == "linux" and bool(_libc().unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def confine(folder: Path) -> list[str]:
    """Confine this process for good; return the names of the mechanisms that this system lacks.

    folder: the only one, beside the interpreter's and the system's libraries, whose files can be read.
    """
    if sys.platform != "linux":
        return ["landlock", "seccomp"]
    libc = _libc()
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # other processes of this user cannot read its memory
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ["landlock", "seccomp"]
    missing = [] if _restrict_files(libc, [*_library_folders(), folder]) else ["landlock"]
    return missing if _filter_system_calls(libc) else [*missing, "seccomp"]


def _library_folders() -> Iterator[Path]:
    """Yield the places that imports and shared libraries are read from."""
    paths = sysconfig.get_paths()
    yield from (Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    yield from (Path(prefix) / "lib" for prefix in (sys.prefix, sys.base_prefix))
    yield Path(__file__).resolve().parents[1]  # this package: its modules are imported when they are needed
    yield from map(Path, (*SYSTEM_FOLDERS, LINKER_CACHE, OWN_PROCESS, CONTROL_GROUPS))


def _restrict_files(libc: ctypes.CDLL, readable: Iterable[Path]) -> bool:
    version = libc.syscall(LANDLOCK_CREATE, None, 0, LANDLOCK_VERSION)
    if version < 1:
        return False
    handled = (1 << FILE_RIGHTS[min(version, len(FILE_RIGHTS)) - 1]) - 1
    attributes = struct.pack(
        "=QQQ", handled, TCP_RIGHTS if version >= 4 else 0, SCOPES if version >= 6 else 0
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(LANDLOCK_CREATE, attributes, size, 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _add_rule(libc, ruleset, path, READ_FILE | READ_DIR)
        _add_rule(libc, ruleset, Path(NULL_DEVICE), READ_FILE | WRITE_FILE)
        return bool(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _add_rule(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    """Allow rights below a path; a path that does not exist needs no rule."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights &= -1 if path.is_dir() else ~READ_DIR
        rule = struct.pack("=Qi", rights, descriptor)
        libc.syscall(LANDLOCK_ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)


def _filter_system_calls(libc: ctypes.CDLL) -> bool:
    numbers = SYSTEM_CALLS.get(platform.machine())
    if numbers is None:
        return False
    code = b"".join(struct.pack("=HBBI", *one) for one in _program(numbers, os.getpid()))
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    program = Program(len(code) // 8, ctypes.addressof(buffer))
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _program(numbers: dict[str, tuple[int, ...]], pid: int) -> Sequence[Instruction]:
    """Return the filter: a list of refused calls, threads but no processes, signals to itself alone."""
    refuse, allow = FAIL | errno.EPERM, ALLOW
    program: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (JUMP_EQUAL, 1, 0, numbers["audit"][0]),
        (RETURN, 0, 0, refuse),
        (LOAD, 0, 0, NUMBER_AT),
        (JUMP_AT_LEAST, 0, 1, X32_BIT),
        (RETURN, 0, 0, refuse),
    ]
    for number in numbers["refused"]:
        program += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, refuse)]
    for number in numbers["clone3"]:  # its flags lie in memory: glibc falls back to clone
        program += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, FAIL | errno.ENOSYS)]
    for number, code, operand in (
        (numbers["clone"][0], JUMP_ANY_BIT, CLONE_THREAD),
        (numbers["tgkill"][0], JUMP_EQUAL, pid),  # abort() sends a signal to its own process
    ):
        program += [
            (JUMP_EQUAL, 0, 4, number),
            (LOAD, 0, 0, FIRST_ARGUMENT_AT),
            (code, 0, 1, operand),
            (RETURN, 0, 0, allow),
            (RETURN, 0, 0, refuse),
        ]
    return [*program, (RETURN, 0, 0, allow)]


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
