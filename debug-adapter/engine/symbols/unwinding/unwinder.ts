import { MalformedData } from '../damage.ts';
import { evaluateLocation, evaluateNumber, type ExpressionContext } from '../dwarf/expression.ts';
import { unwindRulesAt, type FrameRules, type RegisterRule } from '../dwarf/cfiProgram.ts';
import type { CallFrameIndex } from '../dwarf/callFrameInformation.ts';
import type { Frame, FrameView, UnwindResult } from './frame.ts';
import { prologueBefore } from './shrinkWrappedPrologue.ts';
import { isCallerSaved, RA, SP } from './registers.ts';

/**
 * Unwinds the stack (DWARF 5, section 6.4). A frame's rules come from the call frame information of its code or, if
 * there is none, from the instructions of its prologue. Unwinding ends at an undefined or zero return address. On a
 * damaged stack, it ends when the CFA does not increase from callee to caller.
 */
export class Unwinder {
  private readonly frames: CallFrameIndex;
  private readonly functionStart: (pc: bigint) => bigint | undefined;
  private readonly bias: bigint;
  private readonly report: (damage: MalformedData) => void;

  constructor(
    frames: CallFrameIndex,
    options: {
      functionStart: (pc: bigint) => bigint | undefined;
      bias: bigint;
      report: (damage: MalformedData) => void;
    },
  ) {
    this.frames = frames;
    this.report = options.report;
    this.functionStart = options.functionStart;
    this.bias = options.bias;
  }

  innermostFrame(view: FrameView): Frame {
    return this.makeFrame({ view, pc: view.pc, isExact: true, depth: 0, registers: (n) => view.readRegister(n) });
  }

  callerOf(frame: Frame): UnwindResult {
    const { rules } = frame as UnwoundFrame;
    if (frame.depth >= DEPTH_MAX) return { kind: 'tooDeep' };
    if (!rules) return { kind: 'noUnwindInformation' };
    const { cfa } = frame;
    if (cfa === undefined) return { kind: 'badStack' };
    const pc = this.callerRegister(frame, rules.returnColumn, { cfa, rules, isReturn: true });
    if (pc === undefined || pc === 0n) {
      const rule = rules.registers.get(rules.returnColumn);
      return { kind: pc === 0n || rule?.kind === 'undefined' ? 'outermost' : 'badStack' };
    }
    const known = new Map<number, bigint | undefined>();
    const registers = (n: number) => {
      if (!known.has(n)) known.set(n, this.callerRegister(frame, n, { cfa, rules, isReturn: false }));
      return known.get(n);
    };
    const isExact = frame.isSignalFrame;
    const caller = this.makeFrame({ view: frame.view, pc, isExact, depth: frame.depth + 1, registers });
    return this.makesProgress(frame, caller) ? { kind: 'caller', frame: caller } : { kind: 'badStack' };
  }

  /**
   * Whether unwinding makes progress. Stacks grow downward, so a caller's CFA is above its callee's, unless a trap
   * switched to another stack.
   */
  private makesProgress(callee: Frame, caller: Frame): boolean {
    if (callee.isSignalFrame || callee.cfa === undefined) return true;
    const sp = caller.register(SP);
    if (caller.cfa === undefined || sp === undefined) return true;
    const isSame = caller.pc === callee.pc && caller.cfa === callee.cfa;
    // A leaf function without a stack frame may share its CFA with another frame, but a frame with the same CFA and pc
    // would repeat forever.
    return !isSame && (caller.cfa >= callee.cfa || caller.isSignalFrame);
  }

  private makeFrame(parts: FrameParts): UnwoundFrame {
    const lookupPc = parts.isExact ? parts.pc : parts.pc - 1n;
    const rules = this.rulesFor(lookupPc, parts);
    return new UnwoundFrame(parts, { lookupPc, rules, bias: this.bias });
  }

  /** The rules for unwinding a frame. Damaged call frame information is treated as missing. */
  private rulesFor(lookupPc: bigint, parts: FrameParts): UnwindRules | undefined {
    try {
      return this.readRules(lookupPc, parts);
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.report(error);
      return undefined;
    }
  }

  private readRules(lookupPc: bigint, parts: FrameParts): UnwindRules | undefined {
    const description = this.frames.find(lookupPc);
    if (description) {
      const { returnColumn, isSignalFrame } = description.common;
      return { ...unwindRulesAt(description, lookupPc), returnColumn, isSignalFrame };
    }
    const start = this.functionStart(lookupPc);
    return start === undefined ? undefined : rulesOfPrologue(start, parts);
  }

  private callerRegister(
    frame: Frame,
    register: number,
    { cfa, rules, isReturn }: { cfa: bigint; rules: UnwindRules; isReturn: boolean },
  ): bigint | undefined {
    const rule = rules.registers.get(register);
    if (rule) return applyRule(rule, { frame, register, cfa, bias: this.bias });
    if (register === SP) return cfa;
    // A trap handler's rules list every register that it changed. An ordinary function may overwrite all caller-saved
    // registers, and the call itself overwrites `ra`.
    if (!isReturn && !rules.isSignalFrame && isCallerSaved(register)) return undefined;
    return frame.register(register);
  }
}

interface UnwindRules extends FrameRules {
  returnColumn: number;
  isSignalFrame: boolean;
}

interface FrameParts {
  view: FrameView;
  pc: bigint;
  /** Whether pc is exact (innermost or interrupted frame) and not a return address. */
  isExact: boolean;
  depth: number;
  registers: (dwarfNumber: number) => bigint | undefined;
}

class UnwoundFrame implements Frame {
  readonly pc: bigint;
  readonly lookupPc: bigint;
  readonly depth: number;
  readonly view: FrameView;
  /** The rules for unwinding to the caller. */
  readonly rules: UnwindRules | undefined;
  private readonly registers: FrameParts['registers'];
  private readonly bias: bigint;
  private computedCfa: bigint | undefined;

  constructor(
    parts: FrameParts,
    { lookupPc, rules, bias }: { lookupPc: bigint; rules: UnwindRules | undefined; bias: bigint },
  ) {
    this.pc = parts.pc;
    this.lookupPc = lookupPc;
    this.depth = parts.depth;
    this.view = parts.view;
    this.rules = rules;
    this.registers = parts.registers;
    this.bias = bias;
  }

  get cfa(): bigint | undefined {
    this.computedCfa ??= unlessDamaged(() => this.computeCfa());
    return this.computedCfa;
  }

  get isSignalFrame(): boolean {
    return this.rules?.isSignalFrame ?? false;
  }

  register(dwarfNumber: number): bigint | undefined {
    return dwarfNumber === 0 ? 0n : unlessDamaged(() => this.registers(dwarfNumber));
  }

  private computeCfa(): bigint | undefined {
    const cfa = this.rules?.cfa;
    if (!cfa) return undefined;
    if (cfa.kind === 'expression') return evaluateNumber(cfa.expression, contextOf(this, this.bias));
    const base = this.register(cfa.register);
    return base === undefined ? undefined : BigInt.asUintN(64, base + BigInt(cfa.offset));
  }
}

/** If a rule is damaged, the value that it computes is treated as unknown. */
function unlessDamaged<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof MalformedData) return undefined;
    throw error;
  }
}

function applyRule(
  rule: RegisterRule,
  { frame, register, cfa, bias }: { frame: Frame; register: number; cfa: bigint; bias: bigint },
): bigint | undefined {
  switch (rule.kind) {
    case 'undefined':
      return undefined;
    case 'sameValue':
      return frame.register(register);
    case 'register':
      return frame.register(rule.register);
    case 'offset':
      return load(frame, cfa + BigInt(rule.offset));
    case 'valueOffset':
      return BigInt.asUintN(64, cfa + BigInt(rule.offset));
    case 'expression': {
      const location = evaluateLocation(rule.expression, contextOf(frame, bias), [cfa]);
      return location.kind === 'memory' ? load(frame, location.address) : undefined;
    }
    case 'valueExpression':
      return evaluateNumber(rule.expression, contextOf(frame, bias), [cfa]);
  }
}

function load(frame: Frame, address: bigint): bigint | undefined {
  const bytes = frame.view.readMemory(BigInt.asUintN(64, address), 8);
  return bytes?.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** An expression in call frame information does not belong to a function, so it has no frame base. */
function contextOf(frame: Frame, bias: bigint): ExpressionContext {
  return {
    register: (n) => frame.register(n),
    readMemory: (address, length) => frame.view.readMemory(address, length),
    cfa: () => undefined,
    frameBase: () => undefined,
    entryValue: () => undefined,
    unit: undefined,
    bias,
  };
}

/**
 * If there is no call frame information, derives the rules from the instructions between the function's start and pc.
 */
function rulesOfPrologue(start: bigint, { pc, view, isExact }: FrameParts): UnwindRules {
  const readCode = (address: bigint, length: number) => view.readMemory(address, length);
  const { frameBytes, framePointerOffset, saved } = prologueBefore(readCode, { start, end: pc, isExact });
  const registers = new Map<number, RegisterRule>();
  // This frame has made a call, which overwrote `ra`. If the prologue did not save `ra`, the return address is lost.
  if (!isExact) registers.set(RA, { kind: 'undefined' });
  for (const [register, offset] of saved) registers.set(register, { kind: 'offset', offset });
  const cfa =
    framePointerOffset === undefined
      ? { kind: 'register' as const, register: SP, offset: frameBytes }
      : { kind: 'register' as const, register: 8, offset: framePointerOffset };
  return { cfa, registers, returnColumn: RA, isSignalFrame: false };
}

/**
 * The maximum depth of a stack. Real stacks have fewer frames, and a debugger can still show this many frames quickly.
 */
const DEPTH_MAX = 10_000;
