import type { ByteCursor } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import type { CommonInformationEntry, FrameDescriptionEntry } from './callFrameInformation.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/**
 * The rules for computing the caller's registers at one address: a row of the call frame table (DWARF 5, section
 * 6.4.1).
 */
export interface FrameRules {
  cfa: CfaRule;
  /** The rules, indexed by DWARF register number. A register that is not in the map has no rule. */
  registers: Map<number, RegisterRule>;
}

export type CfaRule =
  { kind: 'register'; register: number; offset: number } | { kind: 'expression'; expression: Uint8Array };

export type RegisterRule =
  | { kind: 'undefined' }
  | { kind: 'sameValue' }
  /** The register is saved at CFA + offset. */
  | { kind: 'offset'; offset: number }
  /** The register's value is CFA + offset. */
  | { kind: 'valueOffset'; offset: number }
  | { kind: 'register'; register: number }
  /** The register is saved at the address that an expression computes from the CFA. */
  | { kind: 'expression'; expression: Uint8Array }
  | { kind: 'valueExpression'; expression: Uint8Array };

/** Executes the call frame instructions of an FDE up to `pc` (DWARF 5, section 6.4.2). */
export function unwindRulesAt(description: FrameDescriptionEntry, pc: bigint): FrameRules {
  const run = new CallFrameInterpreter(description.common, description.start, pc);
  run.execute(description.common.instructions.clone());
  run.initial = copyRules(run.rules);
  run.execute(description.instructions.clone());
  return run.rules;
}

function copyRules({ cfa, registers }: FrameRules): FrameRules {
  return { cfa, registers: new Map(registers) };
}

class CallFrameInterpreter {
  rules: FrameRules = { cfa: { kind: 'register', register: 0, offset: 0 }, registers: new Map() };
  /** The rules after the CIE's initial instructions; DW_CFA_restore restores a register's rule from them. */
  initial: FrameRules = this.rules;
  private readonly remembered: FrameRules[] = [];
  private readonly common: CommonInformationEntry;
  private readonly pc: bigint;
  private location: bigint;

  constructor(common: CommonInformationEntry, start: bigint, pc: bigint) {
    this.common = common;
    this.location = start;
    this.pc = pc;
  }

  execute(c: ByteCursor): void {
    while (!c.atEnd && this.location <= this.pc) {
      const byte = c.u8();
      const operand = byte & 0x3f;
      if (byte >>> 6 === 1) this.advance(operand);
      else if (byte >>> 6 === 2) this.set(operand, { kind: 'offset', offset: this.factored(c.uleb()) });
      else if (byte >>> 6 === 3) this.restore(operand);
      else if (!this.advanceOrRowOperation(byte, c) && !this.cfa(byte, c) && !this.register(byte, c)) {
        throw new MalformedData(c.section.name, symbolDamage.cfaInstruction(byte));
      }
    }
  }

  private advance(delta: number): void {
    this.location += BigInt(delta * this.common.codeAlignment);
  }

  private factored(offset: number): number {
    return offset * this.common.dataAlignment;
  }

  private set(register: number, rule: RegisterRule): void {
    this.rules.registers.set(register, rule);
  }

  private restore(register: number): void {
    const rule = this.initial.registers.get(register);
    if (rule) this.set(register, rule);
    else this.rules.registers.delete(register);
  }

  /** Executes instructions that advance the location or change the whole row. Returns false for other instructions. */
  private advanceOrRowOperation(opcode: number, c: ByteCursor): boolean {
    if (opcode === CFA.nop) return true;
    else if (opcode === CFA.setLoc) this.location = BigInt.asUintN(64, c.u64() + this.common.bias);
    else if (opcode === CFA.advanceLoc1) this.advance(c.u8());
    else if (opcode === CFA.advanceLoc2) this.advance(c.u16());
    else if (opcode === CFA.advanceLoc4) this.advance(c.u32());
    else if (opcode === CFA.rememberState) this.remembered.push(copyRules(this.rules));
    else if (opcode === CFA.restoreState) {
      const rules = this.remembered.pop();
      if (!rules) throw new MalformedData(c.section.name, symbolDamage.restoreWithoutRemember());
      this.rules = rules;
    } else if (opcode === CFA.gnuArgsSize) c.skipLeb();
    else return false;
    return true;
  }

  private cfa(opcode: number, c: ByteCursor): boolean {
    const { cfa } = this.rules;
    const register = cfa.kind === 'register' ? cfa.register : 0;
    const offset = cfa.kind === 'register' ? cfa.offset : 0;
    const set = (rule: { register?: number; offset?: number }) => {
      this.rules.cfa = { kind: 'register', register, offset, ...rule };
    };
    if (opcode === CFA.defCfa) set({ register: c.uleb(), offset: c.uleb() });
    else if (opcode === CFA.defCfaSf) set({ register: c.uleb(), offset: this.factored(c.sleb()) });
    else if (opcode === CFA.defCfaRegister) set({ register: c.uleb() });
    else if (opcode === CFA.defCfaOffset) set({ offset: c.uleb() });
    else if (opcode === CFA.defCfaOffsetSf) set({ offset: this.factored(c.sleb()) });
    else if (opcode === CFA.defCfaExpression) {
      this.rules.cfa = { kind: 'expression', expression: c.block(c.uleb()) };
    } else return false;
    return true;
  }

  private register(opcode: number, c: ByteCursor): boolean {
    if (opcode < CFA.offsetExtended || opcode > CFA.gnuNegativeOffsetExtended) return false;
    const register = c.uleb();
    if (opcode === CFA.restoreExtended) {
      this.restore(register);
      return true;
    }
    const rule = this.ruleOf(opcode, c);
    if (rule) this.set(register, rule);
    return rule !== undefined;
  }

  private ruleOf(opcode: number, c: ByteCursor): RegisterRule | undefined {
    switch (opcode) {
      case CFA.undefined:
        return { kind: 'undefined' };
      case CFA.sameValue:
        return { kind: 'sameValue' };
      case CFA.register:
        return { kind: 'register', register: c.uleb() };
      case CFA.offsetExtended:
        return { kind: 'offset', offset: this.factored(c.uleb()) };
      case CFA.offsetExtendedSf:
        return { kind: 'offset', offset: this.factored(c.sleb()) };
      case CFA.gnuNegativeOffsetExtended:
        return { kind: 'offset', offset: -this.factored(c.uleb()) };
      case CFA.valOffset:
        return { kind: 'valueOffset', offset: this.factored(c.uleb()) };
      case CFA.valOffsetSf:
        return { kind: 'valueOffset', offset: this.factored(c.sleb()) };
      case CFA.expression:
        return { kind: 'expression', expression: c.block(c.uleb()) };
      case CFA.valExpression:
        return { kind: 'valueExpression', expression: c.block(c.uleb()) };
      default:
        return undefined;
    }
  }
}

/** The encodings of call frame instructions (DWARF 5, section 7.24), including two GNU extensions. */
const CFA = {
  nop: 0x00,
  setLoc: 0x01,
  advanceLoc1: 0x02,
  advanceLoc2: 0x03,
  advanceLoc4: 0x04,
  offsetExtended: 0x05,
  restoreExtended: 0x06,
  undefined: 0x07,
  sameValue: 0x08,
  register: 0x09,
  rememberState: 0x0a,
  restoreState: 0x0b,
  defCfa: 0x0c,
  defCfaRegister: 0x0d,
  defCfaOffset: 0x0e,
  defCfaExpression: 0x0f,
  expression: 0x10,
  offsetExtendedSf: 0x11,
  defCfaSf: 0x12,
  defCfaOffsetSf: 0x13,
  valOffset: 0x14,
  valOffsetSf: 0x15,
  valExpression: 0x16,
  gnuArgsSize: 0x2e,
  gnuNegativeOffsetExtended: 0x2f,
};
