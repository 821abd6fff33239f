"""What a store throws. Every error takes a message in place of the usual one."""
import errno
import sys
import traceback

import grpc


class PluginError(Exception):
    """An error that the server understands. A message of its own is optional."""
    code = grpc.StatusCode.INTERNAL

    def __str__(self):
        return super().__str__() or self.__doc__


class NotExist(PluginError):
    """there is no such document"""
    code = grpc.StatusCode.NOT_FOUND


class Exists(PluginError):
    """another document is in the way of the key"""
    code = grpc.StatusCode.ALREADY_EXISTS


class ConditionFailed(PluginError):
    """the condition does not hold"""
    code = grpc.StatusCode.FAILED_PRECONDITION


class BadKey(PluginError):
    """the key can't be stored"""
    code = grpc.StatusCode.INVALID_ARGUMENT


class ReadOnly(PluginError):
    """the store can't be written to"""
    code = grpc.StatusCode.PERMISSION_DENIED


class Full(PluginError):
    """the store is full"""
    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Busy(PluginError):
    """busy: the same call may pass a little later"""
    code = grpc.StatusCode.ABORTED


class Unsupported(PluginError):
    """the product behind the plugin can't do this"""
    code = grpc.StatusCode.UNIMPLEMENTED


class BrokenBody(PluginError):
    """the body broke off"""


class ConfigFault(Exception):
    """What is wrong with a config. pointer says where: a JSON Pointer (RFC 6901)."""

    def __init__(self, pointer: str, message: str):
        super().__init__(message)
        self.pointer = pointer


def status_of(error: Exception):
    """Returns the code and the message that tell the server of an error. One that
    means nothing to it is the program's own, and goes to the log."""
    if isinstance(error, PluginError):
        return error.code, str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Full.code, str(error)
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return ReadOnly.code, str(error)
    traceback.print_exception(error, file=sys.stderr)
    return grpc.StatusCode.INTERNAL, f'{type(error).__name__}: {error}'
