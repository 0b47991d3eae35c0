# Runs in gdb, which debugs a guest in QEMU. It stops the guest many times, and for each stop prints one line of JSON with
# the registers, the stack's contents and gdb's frames. The caller sets SEED, ROUNDS, STEPS and BREAKS.
import json, random, re, gdb

random.seed(SEED)

NAMES = ['zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 'fp', 's1'] + ['a%d' % i for i in range(8)] \
    + ['s%d' % i for i in range(2, 12)] + ['t%d' % i for i in range(3, 7)]
SAVED = [1, 2, 3, 4, 8, 9] + list(range(18, 28))
MASK = (1 << 64) - 1
BELOW = 1024  # a function's last instructions still use locals below sp


def register(frame, name):
    value = frame.read_register(name)
    return None if value.is_optimized_out else int(value.cast(gdb.lookup_type('long'))) & MASK


def number(value):
    """The value as a number; None if it is optimized out or not a single number."""
    kinds = (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_ENUM, gdb.TYPE_CODE_BOOL, gdb.TYPE_CODE_CHAR)
    try:
        kind = value.type.strip_typedefs()
        return int(value) & MASK if kind.code in kinds and kind.sizeof <= 8 else None
    except gdb.error:
        return None


def variables(frame):
    """The values of the function's variables by name. If several have the same name, the innermost is used."""
    found = {}
    try:
        block = frame.block()
    except RuntimeError:
        return found
    while block is not None and not block.is_global and not block.is_static:
        for symbol in block:
            if (symbol.is_variable or symbol.is_argument) and symbol.name not in found:
                found[symbol.name] = number(symbol.value(frame))
        if block.function is not None:
            break
        block = block.superblock
    return found


def describe(frame):
    frame.select()
    text = gdb.execute('maint print frame-id', to_string=True)
    cfa = re.search(r'stack=(0x[0-9a-f]+)', text)  # the outermost frame has none
    registers = {n: register(frame, NAMES[n]) for n in SAVED}
    return {'pc': frame.pc() & MASK, 'cfa': int(cfa.group(1), 16) if cfa else None,
            'name': frame.name(), 'line': frame.find_sal().line, 'registers': registers,
            'variables': variables(frame)}


def sample():
    frame = gdb.newest_frame()
    registers = {n: register(frame, name) for n, name in enumerate(NAMES)}
    for name, number in (('mepc', 4096 + 0x341), ('sepc', 4096 + 0x141)):
        registers[number] = int(gdb.parse_and_eval('(unsigned long) $' + name))
    frames = []
    reason = None
    while frame is not None and len(frames) < 40:
        frames.append(describe(frame))
        reason = gdb.frame_stop_reason_string(frame.unwind_stop_reason())
        frame = frame.older()
    sp = registers[2]
    memory = ''
    for length in (8192, 2048, 512, 128):
        try:
            memory = gdb.selected_inferior().read_memory((sp - BELOW) & MASK, length + BELOW).tobytes().hex()
            break
        except gdb.error:
            pass
    print('@@' + json.dumps({'registers': registers, 'pc': gdb.newest_frame().pc() & MASK, 'stack': memory,
                             'frames': frames, 'reason': reason}))


gdb.execute('set backtrace past-main on')
gdb.execute('set backtrace past-entry on')
for place in BREAKS:
    gdb.execute('hbreak ' + place)
for _ in range(ROUNDS):
    if BREAKS and random.random() < 0.3:
        gdb.execute('continue', to_string=True)
    gdb.execute('stepi %d' % random.randint(1, STEPS), to_string=True)
    try:
        sample()
    except gdb.error as error:
        print('!! ' + str(error))
gdb.execute('kill')
