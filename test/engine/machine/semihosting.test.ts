/** Semihosting calls execute as single steps, in M and S mode, and behave the same in translated code.
 *
 * These tests cover the hart's part: which EBREAK is a call, which memory a call can access, and how a console read
 * waits.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { decodeState, encodeCbor } from '../../../debug-adapter/engine/base/cbor.ts';
import type { Inputs } from '../../../debug-adapter/engine/machine/inputs.ts';
import { HOST_FILE_PORT, type HostFileQuery } from '../../../debug-adapter/engine/machine/ports/hostFilePort.ts';
import { heapGap } from '../../../debug-adapter/engine/machine/semihosting/heapGap.ts';
import { ConsoleInput } from '../../../debug-adapter/engine/recording/inputs/consoleInput.ts';
import { LiveInputs } from '../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { a, assemble, CSR, type Item } from './cpu/assembler.ts';
import {
  type BareMachine,
  type BareOptions,
  bareMachine,
  digestOf,
  NO_INPUTS,
  START,
  steps,
  trapOf,
  word,
  words,
} from './cpu/bareMachine.ts';
import { ALL, map, setPrivilege, startPaging, WINDOW } from './cpu/paging.ts';

const [A0, A1, S0, S1] = [10, 11, 8, 9];
const CALL = [a.slli(0, 0, 0x1f), a.ebreak, a.srai(0, 0, 7)];
const SYS = { OPEN: 1, WRITEC: 3, WRITE0: 4, WRITE: 5, READ: 6, READC: 7, ELAPSED: 0x30, EXIT: 0x18 };
const BREAKPOINT = 3n;
const HANDLER = START + 0x4000;
const DATA = START + 0x1_0000;

suite('semihosting', () => {
  test('with semihosting off, a call causes a breakpoint exception', () => {
    const machine = withText([...call(SYS.WRITE0, DATA)], 'text', { semihosting: false });
    steps(machine, 10);
    assert.deepEqual([trapOf(machine).cause, machine.printed()], [BREAKPOINT, '']);
  });

  for (const [mode, privilege] of [
    ['M', 3],
    ['S', 1],
  ] as const) {
    test(`a call in ${mode} mode is one step, and execution continues after it`, () => {
      const program = [...call(SYS.WRITE0, DATA)];
      const machine = withText(program, 'text');
      setPrivilege(machine, privilege);
      machine.run(machine.position + program.length);
      assert.deepEqual([machine.printed(), machine.hart.register(A0)], ['text', 0xdead_beefn]);
      assert.equal(machine.hart.slot('PC'), BigInt(START + 4 * program.length));
      assert.equal(machine.instructions, program.length);
    });
  }

  test('U mode cannot make calls', () => {
    const machine = withText([...call(SYS.WRITE0, DATA)], 'text');
    setPrivilege(machine, 0);
    machine.hart.setSlot('PMPADDR0', (1n << 54n) - 1n);
    machine.hart.setSlot('PMPCFG0', 0x1fn);
    machine.hart.loadState(machine.hart.saveState());
    steps(machine, 10);
    assert.deepEqual([trapOf(machine).cause, machine.printed()], [BREAKPOINT, '']);
  });

  test('an instruction sequence that crosses a page boundary is not a semihosting call', () => {
    for (const before of [4, 8]) {
      const start = START + 0x2000 - before;
      const machine = withText([], 'text');
      machine.ram.write(start, assemble(CALL));
      machine.hart.setSlot('PC', BigInt(start));
      setCall(machine, SYS.WRITE0, DATA);
      steps(machine, 3);
      assert.deepEqual([trapOf(machine).cause, trapOf(machine).pc], [BREAKPOINT, BigInt(start + 4)]);
    }
  });

  test('text on two pages that are not physically adjacent is read through the page tables', () => {
    const machine = bareMachine({ semihosting: true });
    startPaging(machine);
    machine.ram.write(START, assemble(CALL));
    map(machine, 0, DATA + 0x3000, ALL);
    map(machine, 1, DATA, ALL);
    machine.ram.write(DATA + 0x3ffd, Buffer.from('one'));
    machine.ram.write(DATA, Buffer.from(' text\0'));
    setCall(machine, SYS.WRITE0, WINDOW + 0xffd);
    steps(machine, 3);
    assert.equal(machine.printed(), 'one text');
  });

  test('a call that refers to unmapped memory fails, and nothing is printed', () => {
    const end = START + (1 << 20);
    const machine = withText([...CALL, ...CALL, ...CALL], 'text');
    machine.ram.write(end - 4, Buffer.from('tail'));
    setCall(machine, SYS.WRITE0, end - 4);
    steps(machine, 3);
    setCall(machine, SYS.ELAPSED, 0x1000);
    steps(machine, 3);
    assert.equal(machine.hart.register(A0), (1n << 64n) - 1n);
    setCall(machine, 0x13, 0);
    steps(machine, 3);
    assert.deepEqual([machine.printed(), machine.hart.register(A0)], ['', 14n]);
  });

  test('calls in a loop give the same result whether the code is translated early or never', () => {
    const loop = [...a.li(S0, 300), 'loop:', ...call(SYS.WRITE0, DATA), a.addi(S0, S0, -1), again('loop'), a.j('end')];
    const [never, early] = [0, 1].map((translationThreshold) => {
      const machine = withText([loop, 'end:', a.j('end')], 'x', { translationThreshold });
      machine.run(10_000);
      return machine;
    });
    assert.equal(early.printed(), 'x'.repeat(300));
    assert.equal(early.printed(), never.printed());
    assert.equal(digestOf(early), digestOf(never));
  });

  test('a breakpoint on the EBREAK stops before the call, which is then executed once', () => {
    const machine = withText([...call(SYS.WRITE0, DATA), 'end:', a.j('end')], 'text');
    const ebreak = BigInt(START + 4 * (call(SYS.WRITE0, DATA).length - 2));
    machine.setStopPoints({ breakpoints: new Set([ebreak]), watchpoints: [] });
    assert.deepEqual(machine.run(100), { kind: 'breakpoint', pc: ebreak });
    assert.equal(machine.printed(), '');
    assert.equal(machine.run(100).kind, 'reached');
    assert.equal(machine.printed(), 'text');
  });

  test('a watchpoint stops when a call writes watched memory', () => {
    const machine = withText([...call(SYS.ELAPSED, DATA), 'end:', a.j('end')], '');
    machine.setStopPoints({
      breakpoints: new Set(),
      watchpoints: [{ id: 1, address: DATA, lengthBytes: 8, access: 'write' }],
    });
    const stop = machine.run(100);
    assert.equal(stop.kind, 'hit');
    const { position } = stop.kind === 'hit' ? stop.hits[0] : {};
    assert.equal(word(machine, DATA), BigInt(position!));
  });

  test('after a call overwrites code, the new code executes', () => {
    const inputs: Inputs = {
      ...NO_INPUTS,
      answer: (_, _port, query) =>
        HOST_FILE_PORT.answers.encode(fileOf(query as HostFileQuery, assemble([...a.li(S1, 2)]))),
    };
    const open = [DATA + 0x100, 0, 4];
    const read = [1, START, 4];
    const machine = withText(
      [
        [...a.li(S1, 1)],
        a.to('end', (offset) => a.bne(S0, 0, offset)),
        [...a.li(S0, 1)],
        [...call(SYS.OPEN, DATA + 0x200), ...call(SYS.READ, DATA + 0x300)],
        [...a.li(5, START), a.jalr(0, 0, 5)],
        'end:',
        a.j('end'),
      ],
      '',
      { inputs },
    );
    machine.ram.write(DATA + 0x100, Buffer.from('file\0'));
    machine.ram.write(DATA + 0x200, words(...open.map(BigInt)));
    machine.ram.write(DATA + 0x300, words(...read.map(BigInt)));
    machine.run(200);
    assert.equal(machine.hart.register(S1), 2n);
  });
});

suite('console reads', () => {
  test('a console read waits until input is typed, or forever if there is none', () => {
    const keys = new ConsoleInput();
    const machine = reader(new LiveInputs([keys]));
    assert.equal(machine.run(1000).kind, 'haltedForever');
    const { position } = machine;
    keys.append(Buffer.from('ab'));
    assert.equal(machine.run(1000).kind, 'haltedForever');
    assert.equal(machine.printed(), 'ab');
    assert.ok(machine.position < position + 60, 'the hart executes nothing while it waits');
  });

  test('a state saved while a console read is waiting can be loaded, and the read continues to wait', () => {
    const machine = reader(new LiveInputs([new ConsoleInput()]));
    machine.run(1000);
    const state = machine.saveState();
    const other = reader(new LiveInputs([new ConsoleInput(Buffer.from('c'))]));
    other.loadState(decodeState(encodeCbor(state)));
    assert.deepEqual(other.saveState(), state);
    other.run(1000);
    assert.equal(other.printed(), 'c');
  });

  test("an interrupt ends a console read's wait, and the call is repeated after the handler", () => {
    const inputs = new LiveInputs([new ConsoleInput()]);
    const machine = withText(
      [
        [...a.li(6, 0x200_4000), ...a.li(7, 5), a.sd(7, 0, 6)],
        [...a.li(5, 0x80), a.csrw(CSR.mie, 5), a.csrrsi(0, CSR.mstatus, 8)],
        [...call(SYS.READC, 0), 'end:', a.j('end')],
      ],
      '',
      { inputs },
    );
    // The handler counts the interrupt and disarms the timer.
    machine.ram.write(HANDLER, assemble([a.addi(S0, S0, 1), ...a.li(7, -1), a.sd(7, 0, 6), a.mret]));
    assert.equal(machine.run(10_000).kind, 'haltedForever');
    assert.equal(machine.hart.register(S0), 1n);
    assert.equal(machine.hart.isWaiting, true);
  });

  test('several harts read from the console, and each typed byte is read by exactly one of them', () => {
    const keys = new ConsoleInput();
    const program = ['loop:', ...call(SYS.READC, 0), a.sb(A0, 0, 2), ...call(SYS.WRITEC, DATA), a.j('loop')];
    const machine = bareMachine({ semihosting: true, harts: 3, inputs: new LiveInputs([keys]) });
    machine.ram.write(START, assemble(program));
    for (const hart of [2, 1, 0]) {
      machine.harts.select(hart, 0);
      machine.hart.setSlot('PC', BigInt(START));
      machine.hart.setRegister(2, BigInt(DATA));
    }
    assert.equal(machine.run(100_000).kind, 'haltedForever');
    keys.append(Buffer.from('abcdef'));
    assert.equal(machine.run(200_000).kind, 'haltedForever');
    assert.equal([...machine.printed()].sort().join(''), 'abcdef');
  });
});

test('an exit call ends the run with the exit status that a process would return', () => {
  for (const [status, finish] of [
    [0n, { kind: 'pass', code: 0 }],
    [42n, { kind: 'fail', code: 42 }],
    [-1n, { kind: 'fail', code: 255 }],
  ] as const) {
    const machine = withText([...call(SYS.EXIT, DATA)], '');
    machine.ram.write(DATA, words(0x20026n, status));
    assert.deepEqual(machine.run(100), { kind: 'finished', finish });
  }
});

test('the largest unused block of RAM is used for the heap and the stack', () => {
  const ram = { base: 0x8000_0000, lengthBytes: 0x800_0000 };
  const piece = (address: number, memoryBytes: number) => ({ address, memoryBytes });
  const gap = (...pieces: { address: number; memoryBytes: number }[]) => heapGap(pieces, ram);
  assert.deepEqual(gap(), { base: 0x8000_0000, limit: 0x8800_0000 });
  const tree = piece(0x87e0_0000, 0x1000);
  assert.deepEqual(gap(tree, piece(0x8000_0000, 0x5000)), { base: 0x8000_5000, limit: 0x87e0_0000 });
  assert.deepEqual(gap(tree, piece(0x8700_0000, 0x10)), { base: 0x8000_0000, limit: 0x8700_0000 });
});

/** A machine with the program at the start of RAM, the text at DATA, and an endless loop as the trap handler. */
function withText(program: Item[], text: string, options: BareOptions = {}): BareMachine {
  const machine = bareMachine({ semihosting: true, ...options });
  machine.hart.setSlot('MTVEC', BigInt(HANDLER));
  machine.ram.write(START, assemble(program));
  machine.ram.write(HANDLER, assemble(['handler:', a.j('handler')]));
  machine.ram.write(DATA, Buffer.from(`${text}\0`));
  return machine;
}

/** A machine whose program prints each byte that it reads. */
function reader(inputs: Inputs): BareMachine {
  const program = ['loop:', ...call(SYS.READC, 0), ...a.li(5, DATA), a.sb(A0, 0, 5), ...call(SYS.WRITEC, DATA)];
  return withText([...program, a.j('loop')], '', { inputs });
}

const call = (operation: number, parameter: number): number[] => [
  ...a.li(A0, operation),
  ...a.li(A1, parameter),
  ...CALL,
];

function setCall({ hart }: BareMachine, operation: number, parameter: number): void {
  hart.setRegister(A0, BigInt(operation));
  hart.setRegister(A1, BigInt(parameter));
}

const again = (label: string) => a.to(label, (offset) => a.bne(S0, 0, offset));

function fileOf(question: HostFileQuery, bytes: Uint8Array) {
  return { error: 0, lengthBytes: bytes.length, bytes: question.kind === 'bytes' ? bytes : new Uint8Array() };
}
