import {
  I32,
  I64,
  type Code,
  block,
  brTable,
  call,
  i32,
  i64,
  label,
  ret,
  select,
  sequence,
  set,
  when,
} from '../../base/wasm/code.ts';
import { CSR_NUMBERS, csrNumber } from '../../isa/csrs.ts';
import { CAUSE_ILLEGAL, type Core, csrChanged, raise, slot, slot32 } from './coreContext.ts';
import { type Csr, csrTable } from './csrTable.ts';
import { CSR_INDEX } from './layout.ts';

/**
 * Defines the CSR instructions (Zicsr) based on the register table: check, read, modify, write. CSR_INDEX maps a CSR
 * number to the index of its handler; index 0 means that the register does not exist.
 */
export function defineCsrAccess(core: Core): void {
  const table = csrTable(core);
  defineRead(core, table);
  defineWrite(core, table);
  defineInstruction(core);
}

/** The contents of CSR_INDEX. */
export function csrIndexTable(core: Core): Uint8Array {
  const index = new Uint8Array(CSR_NUMBERS);
  csrTable(core).forEach(({ name }, i) => (index[csrNumber(name)] = i + 1));
  return index;
}

/** The name and number of every register, for debuggers. */
export const csrNames = (core: Core): CsrName[] =>
  csrTable(core).map(({ name }) => ({ name, number: csrNumber(name) }));

export interface CsrName {
  name: string;
  number: number;
}

const indexOf = (number: Code): Code => i32.load8u(number, CSR_INDEX);

/** (number) -> value; sets FAULT with cause 2 if reading the register is not allowed. The caller sets tval. */
function defineRead(core: Core, table: Csr[]): void {
  core.builder.define(core.functions.csrRead, (frame) => {
    const illegal = sequence(raise(core, CAUSE_ILLEGAL, i64.const(0)), ret(i64.const(0)));
    const cases = table.map((csr) =>
      sequence(csr.forbidden ? when(csr.forbidden, illegal) : sequence(), ret(csr.read)),
    );
    return sequence(dispatchCases(indexOf(frame.parameters[0].get), [illegal, ...cases]), i64.const(0));
  });
}

function defineWrite(core: Core, table: Csr[]): void {
  core.builder.define(core.functions.csrWrite, (frame) => {
    const [number, value] = frame.parameters;
    const cases = table.map((csr) => sequence(csr.write ? csr.write(value.get) : sequence(), ret()));
    return dispatchCases(indexOf(number.get), [ret(), ...cases]);
  });
}

function dispatchCases(index: Code, cases: Code[]): Code {
  const labels = cases.map(() => label());
  return labels.reduce((inner, target, i) => sequence(block(target, inner), cases[i]), brTable(index, labels));
}

function defineInstruction(core: Core): void {
  const { builder, functions } = core;
  builder.define(functions.csrInstruction, (frame) => {
    const [raw, rs1] = frame.parameters;
    const number = frame.local(I32);
    const operand = frame.local(I64);
    const old = frame.local(I64);
    const base = frame.local(I64);
    const field = i32.and(i32.shrU(raw.get, i32.const(15)), i32.const(31));
    const kind = i32.and(i32.shrU(raw.get, i32.const(12)), i32.const(3));
    const isSwap = i32.eq(kind, i32.const(1));
    const writes = i32.or(isSwap, i32.ne(field, i32.const(0)));
    const illegal = sequence(raise(core, CAUSE_ILLEGAL, i64.extendU(raw.get)), ret(i64.const(0)));
    const isReadOnly = i32.eq(i32.shrU(number.get, i32.const(10)), i32.const(3));
    const lowest = i32.and(i32.shrU(number.get, i32.const(8)), i32.const(3));
    const changed = select(
      isSwap,
      operand.get,
      select(
        i32.eq(kind, i32.const(2)),
        i64.or(base.get, operand.get),
        i64.and(base.get, i64.xor(operand.get, i64.const(-1))),
      ),
    );
    return sequence(
      set(number, i32.shrU(raw.get, i32.const(20))),
      when(i32.gtU(lowest, slot32('PRIVILEGE')), illegal),
      when(i32.and(writes, isReadOnly), illegal),
      set(old, call(functions.csrRead, number.get)),
      when(slot32('FAULT'), illegal),
      set(operand, select(i32.and(raw.get, i32.const(0x4000)), i64.extendU(field), rs1.get)),
      // When CSRRS and CSRRC modify mip, they affect only the bits that software wrote, not the bits driven by devices.
      set(base, select(i32.eq(number.get, i32.const(csrNumber('mip'))), slot('MIP_SOFTWARE'), old.get)),
      when(writes, call(functions.csrWrite, number.get, changed), csrChanged),
      old.get,
    );
  });
}
