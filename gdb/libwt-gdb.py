# SPDX-License-Identifier: MIT
"""libwt for gdb: what its objects say of themselves, and who waits for what.

make install puts this file where gdb loads it together with the library, if
both have the same prefix. Elsewhere: source gdb/libwt-gdb.py

    (gdb) wt workers            a line for each worker, with what it waits for
    (gdb) wt threads            the same for all other threads that use libwt
    (gdb) wt ports [ID]         the ports of one thread or of all
    (gdb) print *worker         a wt_worker, wt_port, wt_message, wt_pool or
                                wt_thread in one line; print/r shows all fields

libwt must have its debugging information. Nothing is called in the program,
so a core file will do, too. What a thread had in hand when it was stopped may
look odd.
"""

import gdb
import gdb.printing

STATES = ('running', 'ending', 'terminating', 'ended')  # enum wti_worker_state
NO_LIMIT = (1 << 64) - 1
SHOWN_BYTES = 32


def address(value):
    """The address of an object, as the program prints it."""
    return '%#x' % int(value.address if value.address is not None else value)


def text(pointer):
    """A string of the program's, quoted; a pointer that leads nowhere is no reason to stop."""
    try:
        return '"%s"' % pointer.string(errors='replace')
    except gdb.MemoryError:
        return '"?"'


def links(head):
    """The links of a struct wti_list, without its head."""
    start = head.address
    link = head['next']
    while link and link != start:
        yield link
        link = link['next']


def elements(head, type_name, member):
    """What lies on a list: objects of that type, by the member with their links."""
    target = gdb.lookup_type(type_name)
    offset = target[member].bitpos // 8
    for link in links(head):
        yield (link.cast(gdb.lookup_type('char').pointer()) - offset).cast(target.pointer()).dereference()


def static(name):
    """A variable that is private to one file of the library, or None where it is not loaded."""
    symbol = gdb.lookup_static_symbol(name)
    return symbol.value() if symbol is not None else None


def yes(value):
    return 'yes' if value else 'no'


def sleep(thread):
    """What a thread sleeps for, as in wt_dump(3); for how long only the program's clock knows."""
    ops = thread['sleeps_for']
    if not ops or not ops['name']:
        return 'waits=' + ('interruptible' if thread['interrupt'] else '-')
    said = 'waits=' + ops['name'].string()
    if ops['kind'] and thread['sleeps_on']:
        said += ' on=%s:%#x' % (ops['kind'].string(), int(thread['sleeps_on']))
    return said


def holds(thread):
    """What keeps its loop alive, as in wt_dump(3)."""
    kinds = []
    for field in gdb.lookup_type('enum wti_hold').fields():
        if field.name == 'WTI_HOLD_COUNT':
            continue
        count = int(thread['loop_holds'][field.enumval])
        if count:
            kinds.append('%s:%d' % (field.name[len('WTI_HOLD_'):].lower(), count))
    return 'loop=' + (','.join(kinds) or '-')


def thread_line(thread):
    return 'id=%d name=%s %s %s' % (int(thread['id']), text(thread['name']), sleep(thread), holds(thread))


def worker_state(worker):
    state = STATES[int(worker['state'])]
    if state == 'running' and not int(worker['online']):
        return 'starting'
    if state == 'terminating' and int(worker['overdue']):
        return 'overdue'
    return state


def worker_line(worker):
    return 'id=%d at=%s name=%s creator=%s state=%s ref=%s %s %s' % (
        int(worker['thread']['id']), address(worker), text(worker['name']), owner_of(worker), worker_state(worker),
        yes(worker['refd']), sleep(worker['thread']), holds(worker['thread']))


def owner_of(thing):
    """Whose loop hears of it: of a port its owner, of a worker its creator."""
    owner = thing['source']['owner']
    return '%d' % int(owner['id']) if owner else '-'


def asleep(thing):
    armed = {field.name: field.enumval for field in gdb.lookup_type('enum wti_source_state').fields()}
    return int(thing['source']['state']) & armed['WTI_SOURCE_ARMED']


def port_state(port):
    if int(port['closed']):
        return 'closing'
    return 'ended' if int(port['peer_ended']) else 'open'


def queued(ring):
    """As wti_ring_used."""
    used = (int(ring['tail']) & ~7) - int(ring['head']) - int(ring['padding']) + int(ring['outline'])
    return max(used, 0)


def port_line(port):
    limit = int(port['inbox']['limit'])
    return ('at=%s owner=%s peer=%#x peer_owner=%s state=%s queued=%d limit=%d received=%d senders_waiting=%d '
            'asleep=%s ref=%s') % (
        address(port), owner_of(port), int(port['peer']), owner_of(port['peer']), port_state(port),
        queued(port['inbox']), 0 if limit == NO_LIMIT else limit, int(port['received']),
        int(port['senders']['count']), yes(asleep(port)), yes(port['refd']))


def message_line(message):
    size = int(message['size'])
    if not message['data']:
        return 'no message'
    shown = gdb.selected_inferior().read_memory(int(message['data']), min(size, SHOWN_BYTES)).tobytes()
    said = ''.join(chr(b) if 32 <= b < 127 and b not in b'"\\' else '\\x%02x' % b for b in shown)
    return 'size=%d type=%d transfer_count=%d data="%s"%s' % (
        size, int(message['type']), int(message['transfer_count']), said, '...' if size > SHOWN_BYTES else '')


def pool_line(pool):
    return 'name=%s owner=%d alive=%d starting=%d idle=%d' % (
        text(pool['options']['name']), int(pool['creator']['id']), int(pool['alive']), int(pool['starting']),
        sum(1 for _ in links(pool['idle'])))


class Line:
    """Prints a value as its type's name and one line."""

    def __init__(self, value, word, line):
        self.value, self.word, self.line = value, word, line

    def to_string(self):
        try:
            return '%s %s' % (self.word, self.line(self.value))
        except gdb.MemoryError:
            return '%s, unreadable' % self.word


class List:
    """Prints a struct wti_list: what its elements are, only their owner knows; so their links."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return 'list of %d' % sum(1 for _ in links(self.value))

    def children(self):
        for number, link in enumerate(links(self.value)):
            yield '[%d]' % number, link

    def display_hint(self):
        return 'array'


def printers():
    collection = gdb.printing.RegexpCollectionPrettyPrinter('libwt')
    for name, word, line in (
            ('wt_worker', 'worker', worker_line),
            ('wt_port', 'port', port_line),
            ('wt_message', 'message', message_line),
            ('wt_pool', 'pool', pool_line),
            ('wti_thread', 'thread', thread_line)):
        collection.add_printer(name, '^%s$' % name,
                               lambda value, word=word, line=line: Line(value, word, line))
    collection.add_printer('wti_list', '^wti_list$', List)
    return collection


def all_workers():
    head = static('process_workers')
    return elements(head, 'struct wt_worker', 'living') if head is not None else ()


def other_threads():
    buckets = static('registry_buckets')
    if buckets is None:
        return
    for number in range(buckets.type.range()[1] + 1):
        thread = buckets[number]
        while thread:
            if not thread['worker']:
                yield thread.dereference()
            thread = thread['registry_next']


def all_threads():
    yield from other_threads()
    for worker in all_workers():
        yield worker['thread']


class Wt(gdb.Command):
    """What libwt knows of the program: wt workers, wt threads, wt ports [ID]."""

    def __init__(self):
        super().__init__('wt', gdb.COMMAND_STATUS, prefix=True)


class WtWorkers(gdb.Command):
    """A line for each worker whose thread has not ended, with what it waits for."""

    def __init__(self):
        super().__init__('wt workers', gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        for worker in all_workers():
            print('worker ' + worker_line(worker))


class WtThreads(gdb.Command):
    """A line for each thread that uses libwt and is no worker."""

    def __init__(self):
        super().__init__('wt threads', gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        for thread in other_threads():
            print('thread ' + thread_line(thread))


class WtPorts(gdb.Command):
    """A line for each port, or for each of the thread with this id."""

    def __init__(self):
        super().__init__('wt ports', gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        wanted = int(argument, 0) if argument.strip() else None
        for thread in all_threads():
            if wanted is None or int(thread['id']) == wanted:
                for port in elements(thread['ports'], 'struct wt_port', 'owned'):
                    print('port ' + port_line(port))


gdb.printing.register_pretty_printer(gdb.current_objfile(), printers(), replace=True)
Wt()
WtWorkers()
WtThreads()
WtPorts()
