import {
  A0,
  A1,
  add,
  addi,
  addressOf,
  assemble,
  at,
  beq,
  bne,
  call,
  compressedCall,
  csrw,
  delay,
  ecall,
  halt,
  jump,
  label,
  ld,
  lw,
  mret,
  nop,
  RA,
  readTime,
  ret,
  sd,
  SP,
  sw,
  T0,
  type ToyLine,
  type ToyProgram,
} from './toyProgram.ts';

/**
 * An endless loop. Each round increments the counter at COUNTER, reads a time, adds it to a sum in the 8 bytes after
 * the counter, and then executes `wait`. A round takes about ten steps in addition to `wait`.
 */
const rounds = (...wait: ToyLine[]): ToyProgram =>
  assemble([
    label('start'),
    // T0 = COUNTER, computed from sp.
    addi(T0, SP, -0x800),
    label('round'),
    lw(A0, 0, T0),
    addi(A0, A0, 1),
    label('count'),
    sw(A0, 0, T0),
    readTime(A1),
    ld(A0, 8, T0),
    add(A0, A0, A1),
    label('sum'),
    sd(A0, 8, T0),
    wait,
    jump('round'),
  ]);

/** The address of the counter in SHORT_ROUNDS and LONG_ROUNDS. */
export const COUNTER = 0x8000_7800;

export const SHORT_ROUNDS = rounds();

/** A round takes 1.3 million steps. */
export const LONG_ROUNDS = rounds(delay(700_000), delay(600_000));

/** Runs a few rounds and halts. */
export const ENDING: ToyProgram = assemble([
  addi(A0, 0, 5),
  label('loop'),
  addi(A0, A0, -1),
  bne(A0, 0, 'loop'),
  label('end'),
  halt,
]);

/**
 * A program with source lines: `main` calls `twice`, which calls `leaf` twice; `sum` is recursive; an `ecall` enters
 * the handler. It runs forever.
 */
export const CALLS: ToyProgram = assemble([
  label('main'),
  at(10, addi(SP, SP, -16), sd(RA, 8, SP)),
  label('again'),
  at(11, addi(A0, 0, 3)),
  at(12, call('twice')),
  at(13, add(A1, A0, 0), nop),
  at(14, addi(A0, 0, 4), call('sum'), add(A1, A1, A0)),
  at(15, ecall),
  at(16, addi(A0, A0, 1), call('long'), jump('again')),
  at(17, ret),
  label('twice'),
  at(20, addi(SP, SP, -16), sd(RA, 8, SP)),
  at(21, call('leaf')),
  at(22, call('leaf')),
  at(23, ld(RA, 8, SP), addi(SP, SP, 16)),
  at(24, ret),
  label('leaf'),
  at(30, add(A0, A0, A0)),
  at(31, ret),
  label('sum'),
  at(40, addi(SP, SP, -16), sd(RA, 8, SP)),
  at(41, beq(A0, 0, 'none')),
  at(42, sd(A0, 0, SP), addi(A0, A0, -1)),
  at(43, call('sum')),
  at(44, ld(T0, 0, SP), add(A0, A0, T0)),
  label('none'),
  at(45, ld(RA, 8, SP), addi(SP, SP, 16)),
  at(46, ret),
  label('long'),
  at(60, nop),
  at(61, nop, nop, ret),
  label('handler'),
  at(50, nop, nop),
  at(51, mret),
]);

/** The functions of CALLS, with the sizes of their frames. */
export const CALLS_FUNCTIONS = {
  main: { frameBytes: 16 },
  twice: { frameBytes: 16 },
  leaf: { frameBytes: 0 },
  sum: { frameBytes: 16 },
  long: { frameBytes: 0 },
  handler: { frameBytes: 0 },
};

/** Code in which line steps must distinguish calls, returns and other jumps. It runs forever. */
export const JUMPS: ToyProgram = assemble([
  label('start'),
  at(1, nop),
  at(2, delay(500_000), nop),
  label('jumps'),
  at(10, nop),
  at(11, call('tiny')),
  // A branch within one line.
  at(12, beq(0, 0, 'skipped'), nop),
  label('skipped'),
  at(12, nop),
  // A call that only reads the pc.
  at(13, call('here')),
  label('here'),
  at(13, nop),
  // A jump through the link register that is not a return.
  at(14, addressOf(RA, 'there', RA, 'here')),
  at(15, ret),
  at(16, nop),
  label('there'),
  at(17, addressOf(T0, 'tiny', RA, 'there')),
  at(18, compressedCall(T0)),
  at(19, nop),
  at(20, call('withoutLines')),
  at(21, jump('jumps')),
  label('tiny'),
  at(30, nop, ret),
  label('withoutLines'),
  at(0, nop, nop, ret),
]);

/** The functions of JUMPS. The code at `start` does not belong to any function. */
export const JUMPS_FUNCTIONS = {
  jumps: { frameBytes: undefined },
  tiny: { frameBytes: 0 },
  withoutLines: { frameBytes: 0 },
};

/**
 * A handler that switches to another stack, or returns to a different address. U-mode code also jumps to the handler's
 * instructions.
 */
export const SWITCHES: ToyProgram = assemble([
  label('main'),
  at(10, jump('handler')),
  label('body'),
  at(11, addi(A0, 0, 1)),
  at(12, ecall),
  at(13, addi(A0, 0, 2), call('base')),
  label('base'),
  at(14, addressOf(A1, 'elsewhere', RA, 'base')),
  at(15, ecall),
  at(16, nop, nop, nop),
  // When the handler of an ecall returns, the toy machine adds 4 to the return address.
  label('elsewhere'),
  at(17, nop),
  at(18, nop),
  at(19, jump('body')),
  label('handler'),
  at(50, beq(A0, 0, 'body')),
  at(51, addi(T0, 0, 1), bne(A0, T0, 'other')),
  at(52, addi(SP, SP, -16), mret),
  label('other'),
  at(53, csrw(0x341, A1), mret),
]);

export const SWITCHES_FUNCTIONS = { main: { frameBytes: 0 }, handler: { frameBytes: 0 } };
