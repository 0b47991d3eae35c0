import {
  br,
  type Code,
  choose,
  I32,
  I64,
  i32,
  i64,
  type Label,
  type Local,
  sequence,
  set,
  when,
} from '../../../base/wasm/code.ts';
import type { Frame } from '../../../base/wasm/moduleBuilder.ts';
import { csrNumber } from '../../../isa/csrs.ts';
import { MSTATUS } from '../../../isa/traps.ts';
import type { BinaryOperator, Predicate, UnaryOperator } from '../../../target/predicate.ts';
import { slot, slot32 } from '../coreContext.ts';
import { FLOAT_0, RAM, RAM_BASE, READ_TLB, type SlotName, TLB_ENTRIES } from '../layout.ts';
import type { RegionRegisters } from './regionRegisters.ts';

/** The point in a region at which a predicate is evaluated. */
interface At {
  /** The address of the next instruction. */
  pc: Code;
  /** Jump here if the value cannot be computed in the region. */
  unknown: Label;
}

/**
 * Generates code for predicates in a region. The code has no effect on the guest. If it cannot compute the exact value
 * that `evaluatePredicate` defines, it jumps to `unknown`, and the value is computed outside generated code.
 */
export class RegionPredicates {
  private frame: Frame;
  private registers: RegionRegisters;
  private isBare: boolean;
  private ramBytes: number;
  /** Locals of the load in progress; undefined until a predicate needs them. */
  private load: { va: Local; tlb: Local } | undefined;

  constructor(frame: Frame, options: { registers: RegionRegisters; isBare: boolean; ramBytes: number }) {
    this.frame = frame;
    this.registers = options.registers;
    this.isBare = options.isBare;
    this.ramBytes = options.ramBytes;
  }

  /** Returns code that computes the predicate's value as an i64. */
  value(predicate: Predicate, at: At): Code {
    switch (predicate.kind) {
      case 'constant':
        return i64.const(BigInt.asIntN(64, predicate.value));
      case 'register':
        return this.registers.current(predicate.register);
      case 'float':
        return this.registers.current(FLOAT_0 + predicate.register);
      case 'pc':
        return at.pc;
      case 'hart':
        return slot('HARTID');
      case 'privilege':
        return slot('PRIVILEGE');
      case 'csr': {
        const name = PLAIN_CSRS.get(predicate.number);
        return name ? slot(name) : unknown(at);
      }
      case 'load':
        return this.loaded(predicate, at);
      case 'extend':
        return extended(this.value(predicate.value, at), predicate);
      case 'unary':
        return UNARY[predicate.operator](this.value(predicate.value, at));
      case 'binary':
        return this.binary(predicate, at);
      case 'select': {
        const condition = i64.ne(this.value(predicate.condition, at), i64.const(0));
        return choose(I64, condition, this.value(predicate.yes, at), this.value(predicate.no, at));
      }
    }
  }

  private binary({ operator, left, right }: Predicate & { kind: 'binary' }, at: At): Code {
    const [a, b] = [this.value(left, at), this.value(right, at)];
    const compare = COMPARISON[operator];
    if (compare) return i64.extendU(compare(a, b));
    const divide = DIVISION[operator];
    if (!divide) return ARITHMETIC[operator]!(a, b);
    // Division by 0 has no value, and dividing the lowest number by -1 traps in WebAssembly.
    if (right.kind !== 'constant' || right.value === 0n || BigInt.asIntN(64, right.value) === -1n) return unknown(at);
    return divide(a, b);
  }

  /** A load through the read TLB, or directly from RAM while addresses are not translated. */
  private loaded({ address, lengthBytes, signed }: Predicate & { kind: 'load' }, at: At): Code {
    const { va, tlb } = (this.load ??= { va: this.frame.local(I64), tlb: this.frame.local(I32) });
    const load = LOAD[`${lengthBytes}${signed ? 'S' : 'U'}`];
    const miss = br(at.unknown);
    if (this.isBare) {
      return sequence(
        set(va, i64.sub(this.value(address, at), i64.const(RAM_BASE))),
        when(i64.gtU(va.get, i64.const(this.ramBytes - lengthBytes)), miss),
        load(i32.wrap(va.get), RAM),
      );
    }
    const low = i32.wrap(va.get);
    const index = i32.and(i32.shrU(low, i32.const(8)), i32.const((TLB_ENTRIES - 1) << 4));
    const crossesPage = i32.gtU(i32.and(low, i32.const(4095)), i32.const(4096 - lengthBytes));
    return sequence(
      set(va, this.value(address, at)),
      set(tlb, i32.add(slot32('DATA_CONTEXT'), index)),
      when(i64.ne(i64.load(tlb.get, READ_TLB), i64.and(va.get, i64.const(-4096))), miss),
      // While MPRV is set, the read TLB holds the translations of a mode other than the hart's own.
      when(i32.or(crossesPage, i32.and(slot32('MSTATUS'), i32.const(MSTATUS.MPRV))), miss),
      load(i32.add(low, i32.load(tlb.get, READ_TLB + 8)), 0),
    );
  }
}

/** Code that jumps to `unknown`. The constant after the jump is never used. */
const unknown = ({ unknown: target }: At): Code => sequence(br(target), i64.const(0));

/** The CSRs whose values are stored unchanged in slots. */
const PLAIN_CSRS = new Map<number, SlotName>(
  (['satp', 'mscratch', 'mcause', 'mtval', 'sscratch', 'scause', 'stval'] as const).map((name) => [
    csrNumber(name),
    name.toUpperCase() as SlotName,
  ]),
);

function extended(value: Code, { bits, signed }: { bits: number; signed: boolean }): Code {
  if (bits === 64) return value;
  if (!signed) return i64.and(value, i64.const((1n << BigInt(bits)) - 1n));
  const shift = i64.const(64 - bits);
  return i64.shrS(i64.shl(value, shift), shift);
}

const UNARY: Record<UnaryOperator, (value: Code) => Code> = {
  negate: (value) => i64.sub(i64.const(0), value),
  not: (value) => i64.xor(value, i64.const(-1)),
  isZero: (value) => i64.extendU(i64.eqz(value)),
};

type Binary = Partial<Record<BinaryOperator, (a: Code, b: Code) => Code>>;

const COMPARISON: Binary = {
  eq: i64.eq,
  ne: i64.ne,
  ltS: i64.ltS,
  ltU: i64.ltU,
  leS: i64.leS,
  leU: i64.leU,
};

const ARITHMETIC: Binary = {
  add: i64.add,
  sub: i64.sub,
  mul: i64.mul,
  and: i64.and,
  or: i64.or,
  xor: i64.xor,
  shl: i64.shl,
  shrS: i64.shrS,
  shrU: i64.shrU,
};

const DIVISION: Binary = { divS: i64.divS, divU: i64.divU, remS: i64.remS, remU: i64.remU };

const LOAD = {
  '1U': i64.load8u,
  '1S': i64.load8s,
  '2U': i64.load16u,
  '2S': i64.load16s,
  '4U': i64.load32u,
  '4S': i64.load32s,
  '8U': i64.load,
  '8S': i64.load,
} as const;
