# Runs in gdb, which debugs a program in QEMU. It stops at the statements of the program and prints one line of JSON for
# each stop: the machine's state, gdb's frames, and the values that gdb shows in the innermost frame and its caller. The
# caller sets FILES (source files whose statements count), HITS (stops for each statement), STOPS (stops in total),
# PORTION (the part of the statements that is used) and SEED.
import base64, json, os, random, re, zlib, gdb

random.seed(SEED)
MASK = (1 << 64) - 1
INTEGERS = ['zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 'fp', 's1'] + ['a%d' % i for i in range(8)] \
    + ['s%d' % i for i in range(2, 12)] + ['t%d' % i for i in range(3, 7)]
FLOATS = ['ft%d' % i for i in range(8)] + ['fs0', 'fs1'] + ['fa%d' % i for i in range(8)] \
    + ['fs%d' % i for i in range(2, 12)] + ['ft%d' % i for i in range(8, 12)]
CSRS = {'mstatus': 0x300, 'mepc': 0x341, 'mcause': 0x342}
DEPTH = 3
ELEMENTS = 6
CHILDREN = 24


# gdb 13 fails an assertion when it shows a Rust enum whose discriminant is not initialized yet. Because of the settings
# in main, the assertion failure raises a KeyboardInterrupt.
FAILURES = (gdb.error, gdb.MemoryError, UnicodeError, KeyboardInterrupt)


def registers(frame):
    """The registers of a frame by DWARF number; None for a register that gdb does not know."""
    frame.select()
    found = {}
    for number, name in enumerate(INTEGERS):
        value = frame.read_register(name)
        found[number] = None if value.is_optimized_out else hex(int(value) & MASK)
    rows = gdb.execute('info registers ' + ' '.join(FLOATS), to_string=True)
    raw = dict(re.findall(r'^(\w+) .*\(raw 0x([0-9a-f]+)\)', rows, re.M))
    for number, name in enumerate(FLOATS):
        found[32 + number] = hex(int(raw[name], 16)) if name in raw else None
    for name, number in CSRS.items():
        found[4096 + number] = hex(int(gdb.parse_and_eval('$' + name)) & MASK)
    return found


def text(value):
    try:
        return value.format_string(raw=True, deref_refs=True)
    except FAILURES as error:
        return 'error: ' + str(error)


def tree(value, depth):
    """A value as [type, text, [[child name, child], ...]]."""
    children = []
    if depth > 0:
        try:
            children = [[name, tree(child, depth - 1)] for name, child in parts(value)][:CHILDREN]
        except FAILURES:
            children = []
    return [str(value.type), text(value), children]


def parts(value):
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_PTR:
        if text(value) == '<synthetic pointer>':
            return [('*', value.dereference())]
        target = kind.target().strip_typedefs()
        if target.code in (gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_VOID, gdb.TYPE_CODE_METHOD) or int(value) == 0:
            return []
        return [('*', value.dereference())]
    if kind.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        return [('&', value.referenced_value())]
    if kind.code == gdb.TYPE_CODE_ARRAY:
        # For a flexible array member, range() returns one element; gdb's print shows none.
        if kind.sizeof == 0:
            return []
        low, high = kind.range()
        return [('[%d]' % i, value[i]) for i in range(low, min(high + 1, low + ELEMENTS))]
    if kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        if gdb.selected_frame().language() == 'rust':
            return rust_parts(value, kind)
        return [(name_of(field), value[field]) for field in kind.fields()]
    return []


def rust_parts(value, kind):
    """The parts from the perspective of Rust: the elements of a slice, or the members of an enum's current variant."""
    fields = [field for field in kind.fields() if field.name]
    if sorted(field.name for field in fields) == ['data_ptr', 'length'] and not re.search(r'\bstr>?$', kind.name):
        count = min(int(value['length']), ELEMENTS)
        return [('[%d]' % i, (value['data_ptr'] + i).dereference()) for i in range(count)]
    variants = [field for field in fields if field.type.name == '%s::%s' % (kind.name, field.name)]
    if variants and len(variants) == len(fields):
        # gdb shows all variants of an enum inside an array, as if they were the members of a union.
        return rust_parts(value[variants[0]], variants[0].type) if len(variants) == 1 else []
    return [(re.sub(r'^__(?=\d+$)', '', field.name), value[field]) for field in fields]


def name_of(field):
    if field.is_base_class:
        return '<%s>' % field.name
    return field.name if field.name else '<anonymous>'


def described(symbol, frame):
    try:
        value = symbol.value(frame) if symbol.needs_frame else symbol.value()
        return tree(value, DEPTH)
    except FAILURES as error:
        return [str(symbol.type), 'error: ' + str(error), []]


def is_shown(symbol):
    """Whether a symbol is a variable. gdb treats a variable with a constant value like an enumerator."""
    if not symbol.print_name:
        return False
    if symbol.is_variable or symbol.is_argument:
        return True
    kind = symbol.type.strip_typedefs() if symbol.type else None
    is_enumerator = kind is not None and kind.code == gdb.TYPE_CODE_ENUM and symbol.name in [f.name for f in kind.fields()]
    return symbol.is_constant and not is_enumerator


def variables(frame):
    """The variables of the frame's function. If several have the same name, the innermost is used."""
    found = {}
    try:
        block = frame.block()
    except RuntimeError:
        return found
    while block is not None and not block.is_global and not block.is_static:
        for symbol in block:
            if is_shown(symbol) and symbol.print_name not in found:
                found[symbol.print_name] = described(symbol, frame)
        if block.function is not None:
            break
        block = block.superblock
    return found


def globals_of(frame):
    found = {}
    try:
        block = frame.block()
    except RuntimeError:
        return found
    for scope in (block.static_block, block.global_block):
        for symbol in scope or []:
            if is_shown(symbol) and symbol.print_name not in found:
                found[symbol.print_name] = described(symbol, frame)
    return found


KINDS = {gdb.NORMAL_FRAME: 'normal', gdb.INLINE_FRAME: 'inlined', gdb.TAILCALL_FRAME: 'tailCall'}
seen = set()


def sample(memory):
    frames = []
    frame = gdb.newest_frame()
    while frame is not None and len(frames) < 30:
        sal = frame.find_sal()
        file = os.path.basename(sal.symtab.filename) if sal.symtab else None
        shown = {'kind': KINDS.get(frame.type(), 'other'), 'pc': hex(frame.pc() & MASK), 'name': frame.name(),
                 'file': file, 'line': sal.line if sal.symtab else 0}
        if len(frames) < 2 or (frames[-1]['kind'] == 'inlined' and 'variables' in frames[-1]):
            frame.select()
            shown['variables'] = variables(frame)
            if shown['kind'] == 'normal':
                shown['registers'] = registers(frame)
        if len(frames) == 0 and shown['name'] not in seen:
            seen.add(shown['name'])
            shown['globals'] = globals_of(frame)
        frames.append(shown)
        frame = frame.older()
    gdb.newest_frame().select()
    data = gdb.selected_inferior().read_memory(memory[0], memory[1] - memory[0]).tobytes()
    print('@@' + json.dumps({'pc': hex(gdb.newest_frame().pc() & MASK), 'registers': registers(gdb.newest_frame()),
                             'start': hex(memory[0]), 'memory': base64.b64encode(zlib.compress(data, 1)).decode(),
                             'frames': frames}))


def statements():
    """The addresses of the statements (is_stmt) in FILES."""
    addresses = set()
    wanted = False
    for row in gdb.execute('maint info line-table', to_string=True).split('\n'):
        file = re.match(r'symtab: (.*) \(\(struct', row)
        if file:
            wanted = os.path.basename(file.group(1)) in FILES
        entry = re.match(r'\d+ +\d+ +0x([0-9a-f]+) +Y', row)
        if entry and wanted:
            addresses.add(int(entry.group(1), 16))
    return sorted(addresses)


def main():
    symbol = lambda name: int(gdb.parse_and_eval('(unsigned long)&' + name)) & MASK
    # At the start of a function, the stack pointer is not set yet, so some locals seem to be above the stack.
    memory = (symbol('__ram_start'), symbol('__stack_top') + 0x400)
    gdb.execute('set language auto')
    gdb.execute('maint set internal-error quit no')
    gdb.execute('maint set internal-error corefile no')
    # The same memory as in the sample: QEMU returns zeroes or ones for addresses without memory.
    gdb.execute('mem 0x80000000 0x%x rw' % memory[1])
    gdb.execute('set mem inaccessible-by-default on')
    gdb.execute('set breakpoint always-inserted on')
    gdb.execute('set backtrace past-main on')
    end = gdb.Breakpoint('finished', internal=True)
    points = {}
    for address in statements():
        if address >= 0x80000000 and random.random() < PORTION:
            points[address] = (gdb.Breakpoint('*0x%x' % address, internal=True), [0])
    stops = 0
    while stops < STOPS:
        gdb.execute('continue', to_string=True)
        pc = gdb.newest_frame().pc() & MASK
        if pc not in points:
            break
        point, hits = points[pc]
        hits[0] += 1
        stops += 1
        if hits[0] >= HITS:
            point.delete()
            del points[pc]
        try:
            sample(memory)
        except gdb.error as error:
            print('!! ' + str(error))
    gdb.execute('kill')


gdb.execute('set language c')
main()
