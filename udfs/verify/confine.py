"""The kernel's means of confining a process: Landlock, namespaces, capabilities.

Each function applies one of them to the calling process and says whether the kernel allowed
it; which of them must hold is for the caller to decide.

Sources: `Documentation/userspace-api/landlock.rst`, `include/uapi/linux/landlock.h`,
unshare(2), user_namespaces(7), pid_namespaces(7), capabilities(7), prctl(2).
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

# The same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# File rights known to each version of Landlock: 13 at first, then refer, truncate, ioctl.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_SINCE, _NETWORK = 4, 0b11  # bind and connect over TCP
_SCOPES_SINCE, _SCOPES = 6, 0b11  # abstract sockets and signals of outsiders

_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_NEW_IPC, _NEW_UTS, _NEW_MOUNT = 0x08000000, 0x04000000, 0x00020000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CAPABILITY_VERSION_3 = 0x20080522


def die_with_parent(parent: int | None = None) -> None:
    """Let the kernel kill this process when the thread that forked it ends.

    Args:
        parent: number of the parent; None when it lies in another namespace and reads as 0.
    """
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(0)  # it died before the line above


def forbid_new_privileges() -> bool:
    """No setuid program gives this process more rights."""
    return sys.platform == "linux" and _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0


def hide_memory() -> None:
    """Keep processes of the same user out of this one's memory and environment."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def unshare() -> bool:
    """Enter new namespaces: users, network, IPC, mounts, host name; processes from next fork on.

    The user mapping stays empty: outside, the process keeps its user and so may read its
    Python; inside it is nobody.
    """
    if sys.platform != "linux":
        return False
    rest = _NEW_PID | _NEW_NET | _NEW_IPC | _NEW_UTS | _NEW_MOUNT
    # Root may be allowed the rest where user namespaces are switched off.
    return _LIBC.unshare(_NEW_USER | rest) == 0 or _LIBC.unshare(rest) == 0


def drop_capabilities() -> bool:
    """Give up all capabilities, as root and inside a user namespace."""
    if sys.platform != "linux":
        return False
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    return _LIBC.capset(header, bytes(24)) == 0


def restrict_files(readable: Iterable[Path]) -> bool:
    """Allow reading below some paths, and no other use of files, for ever.

    Args:
        readable: files and directories; those that do not exist are passed over.
    """
    if sys.platform != "linux":
        return False
    version = _LIBC.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if version < 1:
        return False
    rights = (1 << _FILE_RIGHTS[min(version, 5)]) - 1
    attributes = struct.pack("<Q", rights)
    if version >= _NETWORK_SINCE:
        attributes += struct.pack("<Q", _NETWORK)
    if version >= _SCOPES_SINCE:
        attributes += struct.pack("<Q", _SCOPES)
    ruleset = _LIBC.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _allow(ruleset, path)
        return _LIBC.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path) -> None:
    """Add one path to a ruleset."""
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not there, so nothing to read
    try:
        allowed = _READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE
        rule = struct.pack("<Qi", allowed, handle)
        _LIBC.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(handle)
