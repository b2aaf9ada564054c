"""A system call filter for programs that compute and print, and do nothing else.

An allow list: what Python needs to import modules, allocate, compute, print, sleep and use
threads. Anything else ends the process with SIGSYS, which a parent sees in the wait status and
a program cannot forge or catch. A few calls that libraries try on their way get an error
instead, so that they fall back to what is allowed.

Numbers: the kernel's `arch/x86/entry/syscalls/syscall_64.tbl` and
`include/uapi/asm-generic/unistd.h`; program format: `Documentation/userspace-api/
seccomp_filter.rst` and `include/uapi/linux/filter.h`.
"""

import ctypes
import errno
import os
import platform
import signal
import struct
from dataclasses import dataclass
from functools import cache

_ALLOWED = tuple(
    """
    read readv pread64 preadv write writev close close_range lseek fstat newfstatat stat lstat
    statx access faccessat faccessat2 readlink readlinkat getdents64 getcwd dup dup2 dup3 pipe
    pipe2 poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 fcntl
    mmap mprotect munmap mremap brk madvise membarrier futex set_robust_list get_robust_list
    set_tid_address rseq arch_prctl rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending
    rt_sigsuspend rt_sigtimedwait sigaltstack restart_syscall pause alarm setitimer getitimer
    timer_create timer_settime timer_gettime timer_delete clock_gettime clock_getres
    clock_nanosleep nanosleep gettimeofday time times sched_yield sched_getaffinity getcpu
    getpid getppid gettid getpgrp getpgid getsid getuid geteuid getgid getegid getgroups
    getresuid getresgid getrusage getrlimit getpriority uname sysinfo umask getrandom exit
    exit_group
""".split()  # noqa: SIM905 - a list to read, not one name a line
)

# What the server alone does: start children, watch them, talk to the worker. Its children get a
# second, small filter against these: installing a large one costs 0.8 ms, a third of a program.
_SERVER = ("fork", "wait4", "waitid", "pidfd_open", "setpgid", "sendto", "recvfrom", "seccomp")

# Refused without harm: the C library or Python has another way.
_REFUSED = {
    "clone3": errno.ENOSYS,  # flags lie in memory, out of a filter's sight; clone is tried next
    "openat2": errno.ENOSYS,  # the same; openat is tried next
    "ioctl": errno.ENOTTY,  # isatty() on every open file
    "mlock": errno.EPERM,
    "sched_setaffinity": errno.EPERM,  # OpenBLAS pins threads
    "get_mempolicy": errno.EPERM,  # numpy and OpenBLAS, here and below
    "set_mempolicy": errno.EPERM,
    "mbind": errno.EPERM,
    "statfs": errno.EACCES,
    "fstatfs": errno.EACCES,
    "fadvise64": errno.ENOSYS,
}

_X86_64 = {
    name: number
    for number, name in enumerate(
        """
        read write open close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sigaction
        rt_sigprocmask rt_sigreturn ioctl pread64 pwrite64 readv writev access pipe select
        sched_yield mremap msync mincore madvise shmget shmat shmctl dup dup2 pause nanosleep
        getitimer alarm setitimer getpid sendfile socket connect accept sendto recvfrom sendmsg
        recvmsg shutdown bind listen getsockname getpeername socketpair setsockopt getsockopt
        clone fork vfork execve exit wait4 kill uname
        """.split()  # noqa: SIM905 - as above
    )
} | {
    "fcntl": 72,
    "getcwd": 79,
    "readlink": 89,
    "umask": 95,
    "gettimeofday": 96,
    "getrlimit": 97,
    "getrusage": 98,
    "sysinfo": 99,
    "times": 100,
    "getuid": 102,
    "getgid": 104,
    "geteuid": 107,
    "getegid": 108,
    "setpgid": 109,
    "getppid": 110,
    "getpgrp": 111,
    "getgroups": 115,
    "getresuid": 118,
    "getresgid": 120,
    "getpgid": 121,
    "getsid": 124,
    "rt_sigpending": 127,
    "rt_sigtimedwait": 128,
    "rt_sigsuspend": 130,
    "sigaltstack": 131,
    "statfs": 137,
    "fstatfs": 138,
    "getpriority": 140,
    "mlock": 149,
    "prctl": 157,
    "arch_prctl": 158,
    "gettid": 186,
    "time": 201,
    "futex": 202,
    "sched_setaffinity": 203,
    "sched_getaffinity": 204,
    "getdents64": 217,
    "set_tid_address": 218,
    "restart_syscall": 219,
    "fadvise64": 221,
    "timer_create": 222,
    "timer_settime": 223,
    "timer_gettime": 224,
    "timer_delete": 226,
    "clock_gettime": 228,
    "clock_getres": 229,
    "clock_nanosleep": 230,
    "exit_group": 231,
    "epoll_wait": 232,
    "epoll_ctl": 233,
    "tgkill": 234,
    "mbind": 237,
    "set_mempolicy": 238,
    "get_mempolicy": 239,
    "waitid": 247,
    "openat": 257,
    "newfstatat": 262,
    "readlinkat": 267,
    "faccessat": 269,
    "pselect6": 270,
    "ppoll": 271,
    "set_robust_list": 273,
    "get_robust_list": 274,
    "epoll_pwait": 281,
    "eventfd2": 290,
    "epoll_create1": 291,
    "dup3": 292,
    "pipe2": 293,
    "preadv": 295,
    "prlimit64": 302,
    "getcpu": 309,
    "seccomp": 317,
    "getrandom": 318,
    "membarrier": 324,
    "statx": 332,
    "rseq": 334,
    "pidfd_open": 434,
    "clone3": 435,
    "close_range": 436,
    "openat2": 437,
    "faccessat2": 439,
}

_AARCH64 = {
    "getcwd": 17,
    "eventfd2": 19,
    "epoll_create1": 20,
    "epoll_ctl": 21,
    "epoll_pwait": 22,
    "dup": 23,
    "dup3": 24,
    "fcntl": 25,
    "ioctl": 29,
    "statfs": 43,
    "fstatfs": 44,
    "faccessat": 48,
    "openat": 56,
    "close": 57,
    "pipe2": 59,
    "getdents64": 61,
    "lseek": 62,
    "read": 63,
    "write": 64,
    "readv": 65,
    "writev": 66,
    "pread64": 67,
    "preadv": 69,
    "pselect6": 72,
    "ppoll": 73,
    "readlinkat": 78,
    "newfstatat": 79,
    "fstat": 80,
    "exit": 93,
    "exit_group": 94,
    "waitid": 95,
    "set_tid_address": 96,
    "futex": 98,
    "set_robust_list": 99,
    "get_robust_list": 100,
    "nanosleep": 101,
    "getitimer": 102,
    "setitimer": 103,
    "timer_create": 107,
    "timer_gettime": 108,
    "timer_settime": 110,
    "timer_delete": 111,
    "clock_gettime": 113,
    "clock_getres": 114,
    "clock_nanosleep": 115,
    "sched_setaffinity": 122,
    "sched_getaffinity": 123,
    "sched_yield": 124,
    "restart_syscall": 128,
    "kill": 129,
    "tgkill": 131,
    "sigaltstack": 132,
    "rt_sigsuspend": 133,
    "rt_sigaction": 134,
    "rt_sigprocmask": 135,
    "rt_sigpending": 136,
    "rt_sigtimedwait": 137,
    "rt_sigreturn": 139,
    "getpriority": 141,
    "getresuid": 148,
    "getresgid": 150,
    "times": 153,
    "setpgid": 154,
    "getpgid": 155,
    "getsid": 156,
    "getgroups": 158,
    "uname": 160,
    "getrlimit": 163,
    "getrusage": 165,
    "umask": 166,
    "prctl": 167,
    "getcpu": 168,
    "gettimeofday": 169,
    "getpid": 172,
    "getppid": 173,
    "getuid": 174,
    "geteuid": 175,
    "getgid": 176,
    "getegid": 177,
    "gettid": 178,
    "sysinfo": 179,
    "sendto": 206,
    "recvfrom": 207,
    "brk": 214,
    "munmap": 215,
    "mremap": 216,
    "clone": 220,
    "mmap": 222,
    "fadvise64": 223,
    "mprotect": 226,
    "mlock": 228,
    "madvise": 233,
    "mbind": 235,
    "get_mempolicy": 236,
    "set_mempolicy": 237,
    "wait4": 260,
    "prlimit64": 261,
    "seccomp": 277,
    "getrandom": 278,
    "membarrier": 283,
    "statx": 291,
    "rseq": 293,
    "pidfd_open": 434,
    "clone3": 435,
    "close_range": 436,
    "openat2": 437,
    "faccessat2": 439,
}

_MACHINES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}

# linux/seccomp.h, linux/filter.h, linux/prctl.h
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_NUMBER, _MACHINE = 0, 4  # offsets in struct seccomp_data
_CLONE_THREAD = 0x00010000
_UNKNOWN_FROM = 450  # calls newer than the tables: a library that probes them hears ENOSYS
_X32 = 0x40000000  # x86_64's third table of calls starts here
_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA = 15, 16, 0x53564D41
_WRITING = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | os.O_APPEND | 0o20000000  # __O_TMPFILE

_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class _Jump:
    """An instruction whose targets are names."""

    code: int
    operand: int
    then: str | None = None
    otherwise: str | None = None


def _argument(number: int) -> int:
    """Offset of the low half of an argument in struct seccomp_data (little-endian)."""
    return 16 + 8 * number


_OWN = 0xFFFFFFF1  # stands for the process's own number until it is known


def _flags(argument: int, bits: int, when_set: str, when_clear: str) -> list[_Jump | str]:
    return [_Jump(_LOAD, _argument(argument)), _Jump(_ANY_BIT, bits, when_set, when_clear)]


def _own_signal(argument: int) -> list[_Jump | str]:
    """Any signal to the process itself but SIGKILL, so that one means: killed from outside."""
    return [
        _Jump(_LOAD, _argument(argument)),
        _Jump(_EQUAL, signal.SIGKILL, "late kill"),
        _Jump(_LOAD, _argument(0)),
        _Jump(_EQUAL, _OWN, "late allow", "late kill"),
    ]


# Reading is Landlock's matter; here nothing is ever opened for writing.
_CHECKED_FOR_ALL: dict[str, list[_Jump | str]] = {
    "open": _flags(1, _WRITING, "late kill", "late allow"),
    "openat": _flags(2, _WRITING, "late kill", "late allow"),
}
_CHECKED_IN_CHILDREN: dict[str, list[_Jump | str]] = {
    # Threads, but no processes.
    "clone": _flags(0, _CLONE_THREAD, "late allow", "late kill"),
    # abort() and raise() signal the process itself.
    "kill": _own_signal(1),
    "tgkill": _own_signal(2),
    # Limits may be read: the pointer to new ones is NULL in both halves.
    "prlimit64": [
        _Jump(_LOAD, _argument(2)),
        _Jump(_EQUAL, 0, None, "late kill"),
        _Jump(_LOAD, _argument(2) + 4),
        _Jump(_EQUAL, 0, "late allow", "late kill"),
    ],
    "prctl": [
        _Jump(_LOAD, _argument(0)),
        _Jump(_EQUAL, _PR_SET_NAME, "late allow"),
        _Jump(_EQUAL, _PR_GET_NAME, "late allow"),
        _Jump(_EQUAL, _PR_SET_VMA, "late refuse", "late kill"),
    ],
}


def _server_filter(table: dict[str, int]) -> list[_Jump | str]:
    """The allow list, for the server and so for its children."""
    code: list[_Jump | str] = [
        _Jump(_AT_LEAST, _X32, "kill"),
        _Jump(_AT_LEAST, _UNKNOWN_FROM, f"errno {errno.ENOSYS}"),
    ]
    code += [
        _Jump(_EQUAL, table[name], f"check {name}") for name in _CHECKED_FOR_ALL if name in table
    ]
    names = {*_ALLOWED, *_SERVER, *_CHECKED_IN_CHILDREN}
    for first, last in _ranges(sorted(table[name] for name in names if name in table)):
        if first == last:
            code.append(_Jump(_EQUAL, first, "allow"))
        else:
            after = f"after {last}"
            code += [
                _Jump(_AT_LEAST, first, None, after),
                _Jump(_AT_LEAST, last + 1, None, "allow"),
                after,
            ]
    code += [
        _Jump(_EQUAL, table[name], f"errno {number}")
        for name, number in _REFUSED.items()
        if name in table
    ]
    code += ["kill", _Jump(_RETURN, _KILL), "allow", _Jump(_RETURN, _ALLOW)]
    for number in sorted(set(_REFUSED.values())):
        code += [f"errno {number}", _Jump(_RETURN, _ERRNO | number)]
    return code + _checks(_CHECKED_FOR_ALL, table)


def _child_filter(table: dict[str, int]) -> list[_Jump | str]:
    """What a child must not do although the server may."""
    code: list[_Jump | str] = [
        _Jump(_EQUAL, table[name], "late kill") for name in _SERVER if name in table
    ]
    code += [
        _Jump(_EQUAL, table[name], f"check {name}")
        for name in _CHECKED_IN_CHILDREN
        if name in table
    ]
    code.append(_Jump(_RETURN, _ALLOW))
    return code + _checks(_CHECKED_IN_CHILDREN, table)


def _checks(checks: dict[str, list[_Jump | str]], table: dict[str, int]) -> list[_Jump | str]:
    """The checks of arguments and what they end in, behind all that jumps to them."""
    code: list[_Jump | str] = []
    for name, check in checks.items():
        if name in table:
            code += [f"check {name}", *check]
    code += ["late kill", _Jump(_RETURN, _KILL), "late allow", _Jump(_RETURN, _ALLOW)]
    return [*code, "late refuse", _Jump(_RETURN, _ERRNO | errno.EPERM)]


@cache
def _instructions(machine: str, for_child: bool) -> tuple[bytes, tuple[int, ...]]:
    """Assemble a filter.

    Returns:
        The program, and the places in it of the operands to be overwritten with the process's
        own number.
    """
    architecture, table = _MACHINES[machine]
    code = [
        _Jump(_LOAD, _MACHINE),
        _Jump(_EQUAL, architecture, None, "late kill"),
        _Jump(_LOAD, _NUMBER),
        *(_child_filter(table) if for_child else _server_filter(table)),
    ]
    places: dict[str, int] = {}
    jumps: list[_Jump] = []
    for line in code:
        if isinstance(line, str):
            places[line] = len(jumps)
        else:
            jumps.append(line)
    program = bytearray()
    own: list[int] = []
    for place, jump in enumerate(jumps):
        then = 0 if jump.then is None else places[jump.then] - place - 1
        otherwise = 0 if jump.otherwise is None else places[jump.otherwise] - place - 1
        if jump.operand == _OWN:
            own.append(8 * place + 4)
        program += struct.pack("<HBBI", jump.code, then, otherwise, jump.operand)
    return bytes(program), tuple(own)


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    """Join neighbouring numbers."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def supported() -> bool:
    """Whether there is a table for this machine."""
    return platform.system() == "Linux" and platform.machine() in _MACHINES


def filter_server() -> None:
    """Filter the calling process and all that it will start, for ever.

    Raises:
        OSError: the kernel refuses; `no_new_privs` must be set before.
    """
    _install(*_instructions(platform.machine(), for_child=False), 0)


def filter_child(pid: int) -> None:
    """Filter a child of a filtered server further, for ever.

    Args:
        pid: the child's own number, as it sees it: the only one it may signal.

    Raises:
        OSError: the kernel refuses.
    """
    _install(*_instructions(platform.machine(), for_child=True), pid)


def _install(template: bytes, own: tuple[int, ...], pid: int) -> None:
    program = ctypes.create_string_buffer(template, len(template))
    for place in own:
        struct.pack_into("<I", program, place, pid)
    header = struct.pack("@HP", len(template) // 8, ctypes.addressof(program))
    if _LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp filter refused: {os.strerror(number)}")
