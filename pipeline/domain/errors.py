"""Errors that an operator can act on."""

import errno

_OF_SYSTEM = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "磁盘只读",
    errno.ENOSPC: "磁盘已满，请清理后重新运行",
    errno.EDQUOT: "磁盘配额已满，请清理后重新运行",
    errno.EIO: "磁盘读写出错",
    errno.ESTALE: "共享目录已断开",
    errno.EBUSY: "正被占用",
    errno.ETIMEDOUT: "共享目录没有应答",
    errno.EHOSTDOWN: "共享目录的服务器没有应答",
    errno.EISDIR: "这是目录，不是文件",
    errno.ENOTDIR: "上级不是目录",
}


def system_reason(error: OSError) -> str:
    """In Chinese, what the system refused; its own words where there are none here."""
    return _OF_SYSTEM.get(error.errno) or error.strerror or str(error)


class OperatorError(Exception):
    """Something a person can put right. The message is one Chinese sentence that says what to do;
    the command line prints it and ends with status 2. Anything else is a defect and keeps its
    traceback.
    """
