# SPDX-License-Identifier: MIT
"""libwt as a language's binding has it: dlopened, every call through ctypes.

usage: python.py LIBRARY

An entry written in Python is run by the worker's thread, which takes the
interpreter's lock for it; a call of libwt, made through CDLL, gives the lock
back while it waits. What unwinds by a jump (wt_exit, wt_fail, wt_checkpoint)
would jump over the interpreter's frames: a binding returns instead.
"""

import ctypes
import sys
import threading
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_bool, c_char_p, c_int, c_int64, c_size_t, c_uint32,
                    c_uint64, c_void_p)

WT_NOW = 0
WT_FOREVER = 2**63 - 1
WT_ECLOSED_NAME = b"WT_ECLOSED"
WT_ETERMINATED_NAME = b"WT_ETERMINATED"


class Message(Structure):
    """wt_message"""
    _fields_ = [("data", c_void_p), ("size", c_size_t), ("type", c_uint32), ("transfer_count", c_uint32),
                ("port", c_void_p), ("call", c_uint64), ("serial", c_uint64), ("cargo", c_void_p)]

    def bytes(self):
        return ctypes.string_at(self.data, self.size) if self.size else b""


ENTRY = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)
ON_MESSAGE = CFUNCTYPE(None, c_void_p, POINTER(Message), c_void_p)
ON_EXIT = CFUNCTYPE(None, c_void_p, c_int, c_void_p)


def load(path):
    wt = ctypes.CDLL(path)
    for name, result, *arguments in (
            ("wt_strerror", c_char_p, c_int),
            ("wt_err_name", c_char_p, c_int),
            ("wt_after_ms", c_int64, c_int64),
            ("wt_heap_backend", c_char_p),
            ("wt_thread_id", c_uint64),
            ("wt_is_main_thread", c_bool),
            ("wt_run", c_int),
            ("wt_worker_create", c_int, POINTER(c_void_p), ENTRY, c_char_p, c_size_t, c_void_p),
            ("wt_worker_on_message", None, c_void_p, ON_MESSAGE, c_void_p),
            ("wt_worker_on_exit", None, c_void_p, ON_EXIT, c_void_p),
            ("wt_worker_port", c_void_p, c_void_p),
            ("wt_worker_post", c_int, c_void_p, c_char_p, c_size_t),
            ("wt_worker_join", c_int, c_void_p, POINTER(c_int), c_int64),
            ("wt_worker_terminate", c_int, c_void_p, c_int64),
            ("wt_worker_destroy", None, c_void_p),
            ("wt_port_post", c_int, c_void_p, c_char_p, c_size_t),
            ("wt_port_receive", c_int, c_void_p, POINTER(Message), c_int64)):
        function = getattr(wt, name)
        function.restype = result
        function.argtypes = arguments
    return wt


wt = load(sys.argv[1])


def checked(err):
    if err < 0:
        raise OSError(-err, wt.wt_strerror(err).decode())
    return err


def received(port, deadline):
    """The next message's bytes, or the name of the error."""
    message = Message()
    err = wt.wt_port_receive(port, byref(message), deadline)
    return message.bytes() if not err else wt.wt_err_name(err)


def worker_of(entry, data=b""):
    worker = c_void_p()
    checked(wt.wt_worker_create(byref(worker), entry, data, len(data), None))
    return worker


@ENTRY
def upper(parent, data, size):
    """Answers each message in upper case, the first with its workerData before it."""
    prefix = ctypes.string_at(data, size) if size else b""
    while True:
        text = received(parent, WT_FOREVER)
        if text in (b"stop", WT_ECLOSED_NAME, WT_ETERMINATED_NAME):
            return 7 if text == b"stop" else 8
        err = wt.wt_port_post(parent, prefix + text.upper(), len(prefix) + len(text))
        if err:
            return err


def deadline():
    return wt.wt_after_ms(20000)


def a_worker_written_in_python_answers():
    worker = worker_of(upper, b"> ")
    for text in (b"one", b"", b"x" * 200000):
        checked(wt.wt_worker_post(worker, text, len(text)))
        assert received(wt.wt_worker_port(worker), deadline()) == b"> " + text.upper()
    checked(wt.wt_worker_post(worker, b"stop", 4))
    code = c_int()
    checked(wt.wt_worker_join(worker, byref(code), deadline()))
    assert code.value == 7
    wt.wt_worker_destroy(worker)


def handlers_written_in_python_are_called_by_wt_run():
    heard = []
    ended = []
    on_message = ON_MESSAGE(lambda worker, message, arg: heard.append(message.contents.bytes()))
    on_exit = ON_EXIT(lambda worker, code, arg: ended.append(code))
    workers = [worker_of(upper) for _ in range(4)]
    for number, worker in enumerate(workers):
        wt.wt_worker_on_message(worker, on_message, None)
        wt.wt_worker_on_exit(worker, on_exit, None)
        for text in (b"w%d" % number, b"stop"):
            checked(wt.wt_worker_post(worker, text, len(text)))
    checked(wt.wt_run())
    assert sorted(heard) == [b"W0", b"W1", b"W2", b"W3"] and ended == [7] * 4
    for worker in workers:
        wt.wt_worker_destroy(worker)


def a_worker_that_waits_is_terminated():
    worker = worker_of(upper)
    checked(wt.wt_worker_terminate(worker, deadline()))
    code = c_int()
    checked(wt.wt_worker_join(worker, byref(code), deadline()))
    assert code.value == 1  # W3: terminate's code, whatever the entry returned
    wt.wt_worker_destroy(worker)


def a_worker_is_destroyed_at_once():
    for _ in range(50):
        wt.wt_worker_destroy(worker_of(upper))


def a_thread_of_python_has_workers_too():
    outcome = []

    def body():
        worker = worker_of(upper)
        checked(wt.wt_worker_post(worker, b"thread", 6))
        outcome.append(received(wt.wt_worker_port(worker), deadline()))
        outcome.append(wt.wt_is_main_thread())
        wt.wt_worker_destroy(worker)

    threads = [threading.Thread(target=body) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcome.count(b"THREAD") == 4 and outcome.count(False) == 4


def main():
    tests = (a_worker_written_in_python_answers, handlers_written_in_python_are_called_by_wt_run,
             a_worker_that_waits_is_terminated, a_worker_is_destroyed_at_once, a_thread_of_python_has_workers_too)
    for test in tests:
        test()
        print(test.__name__.replace("_", " "))
    print("heaps of", wt.wt_heap_backend().decode())


main()
