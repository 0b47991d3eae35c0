import type { DebugProtocol } from '@vscode/debugprotocol';
import {
  FLOAT_REGISTER_NAMES,
  halfValue,
  type Inspector,
  INTEGER_REGISTER_NAMES,
  type RegisterPoint,
  type Value,
} from '../engine/index.ts';
import type { Container, Debuggee, FrameWithSymbols, ShownFrame } from './debuggee.ts';

export const valuesOf = (container: Container): Value[] => (container.kind === 'values' ? container.values() : []);

/** The children of a `variablesReference`: scopes, values and registers in DAP's format. */
export function variablesIn(debuggee: Debuggee, container: Container): DebugProtocol.Variable[] {
  switch (container.kind) {
    case 'values':
      return container
        .values()
        .map((value) => ({ name: value.name, ...presentation(debuggee, container.shown, value) }));
    case 'registers':
      return registers(container.shown);
    case 'floats':
      return floats(debuggee.inspectorOf(container.hart));
    case 'csrs':
      return csrs(debuggee.inspectorOf(container.hart));
  }
}

/** The fields that variables and evaluation results share. */
export function presentation(debuggee: Debuggee, shown: FrameWithSymbols, value: Value) {
  return {
    value: value.text,
    type: value.typeName,
    variablesReference:
      value.childCount > 0 ? debuggee.containers.add({ kind: 'values', values: () => value.children(), shown }) : 0,
    evaluateName: value.expression,
    memoryReference: value.memoryReference === undefined ? undefined : hex(value.memoryReference),
  };
}

const PC_NUMBER = 32;

/** The session's number for a register; undefined for other names. */
export function registerNumber(name: string): number | undefined {
  if (name === 'pc') return PC_NUMBER;
  const number = INTEGER_REGISTER_NAMES.indexOf(name);
  return number < 0 ? undefined : number;
}

/**
 * The register or CSR with this name, in the form in which it can be watched; undefined for x0 and for names that are
 * not registers. The pc cannot be watched.
 */
export function registerWhat(inspector: Inspector, name: string): RegisterPoint['what'] | 'pc' | undefined {
  const number = registerNumber(name);
  if (number === PC_NUMBER) return 'pc';
  if (number !== undefined) return number === 0 ? undefined : { kind: 'register', register: number };
  const float = FLOAT_REGISTER_NAMES.indexOf(name);
  if (float >= 0) return { kind: 'float', register: float };
  const csr = inspector.csrs.find((one) => one.name === name);
  return csr && { kind: 'csr', number: csr.number };
}

function registers({ frame }: ShownFrame): DebugProtocol.Variable[] {
  const general = INTEGER_REGISTER_NAMES.map((name, number) => register(name, frame.register(number)));
  return [register('pc', frame.pc), ...general];
}

/** The floating-point registers. Every frame shows their current values. */
function floats(inspector: Inspector): DebugProtocol.Variable[] {
  return FLOAT_REGISTER_NAMES.map((name, i) => {
    const bits = inspector.float(i);
    return { name, value: `${floatText(bits)} (${hex(bits)})`, variablesReference: 0 };
  });
}

const view = new DataView(new ArrayBuffer(8));

/**
 * Single-precision and half-precision values are NaN-boxed in the low bits (ISA manual Volume I, "NaN Boxing of
 * Narrower Values").
 */
function floatText(bits: bigint): string {
  view.setBigUint64(0, bits);
  const isHalf = bits >> 16n === 0xffff_ffff_ffffn;
  if (isHalf) return `${halfValue(Number(bits & 0xffffn))}f16`;
  const isSingle = bits >> 32n === 0xffff_ffffn;
  return isSingle ? `${Math.fround(view.getFloat32(4))}f` : String(view.getFloat64(0));
}

function csrs(inspector: Inspector): DebugProtocol.Variable[] {
  const privilege = ['U', 'S', '?', 'M'][inspector.privilege];
  return [
    { name: 'privilege', value: privilege, variablesReference: 0 },
    ...inspector.csrs.map(({ name, number }) => register(name, inspector.csr(number))),
  ];
}

/**
 * Formats a register. The value of a caller's register is unknown if a callee overwrote the register without saving it.
 */
const register = (name: string, value: bigint | undefined): DebugProtocol.Variable => ({
  name,
  value: value === undefined ? '<not saved>' : hex(value),
  variablesReference: 0,
  evaluateName: `$${name}`,
  memoryReference: value === undefined ? undefined : hex(value),
});

export const hex = (value: bigint): string => `0x${value.toString(16)}`;
