import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Evaluation, Value } from '../../engine/index.ts';
import { errors } from '../../engine/index.ts';
import { notWritable, staleReference, valueNeeded, variableUnknown } from '../../messages/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee, FrameWithSymbols, ShownFrame } from '../debuggee.ts';
import { presentation, hex, registerNumber, valuesOf } from '../variableViews.ts';

/**
 * Sets a variable or register. Each modification becomes a step of the recording. Modifications are possible only at
 * the live end; in the history, the session throws a UserError.
 */
export function setVariable(debuggee: Debuggee, args: Arguments): DebugProtocol.SetVariableResponse['body'] {
  const name = args.text('name');
  const text = args.text('value');
  const container = debuggee.containers.get(args.integer('variablesReference'));
  if (!container) throw staleReference('variable');
  if (container.kind === 'csrs' || container.kind === 'floats') throw notWritable(name);
  if (container.kind === 'registers') return setRegister(debuggee, container.shown, { name, text });
  const value = valuesOf(container).find((variable) => variable.name === name);
  if (!value) throw variableUnknown(name);
  return result(debuggee, container.shown, `${expressionOf(value)} = ${text}`);
}

export function setExpression(debuggee: Debuggee, args: Arguments): DebugProtocol.SetExpressionResponse['body'] {
  const frame = debuggee.frameWithSymbols(args.optionalInteger('frameId'));
  return result(debuggee, frame, `${args.text('expression')} = ${args.text('value')}`);
}

/** Executes an assignment and returns the new value of its target. */
export function assign(
  debuggee: Debuggee,
  frame: FrameWithSymbols,
  assignment: Extract<Evaluation, { kind: 'assignment' }>,
) {
  const { target, value, bytes } = assignment;
  const { location } = target;
  if (location.kind === 'memory') {
    const written = bytes ?? withBitField(debuggee, target, value);
    writeBytes(debuggee, location.address, written);
  } else if (location.kind === 'register' && canWriteRegisters(debuggee, frame) && bytes) {
    debuggee.session.writes.register(location.register, registerValue(value, bytes));
    debuggee.changed();
  } else {
    throw notWritable(target.expression ?? target.name);
  }
  return presentation(debuggee, frame, value);
}

export function writeBytes(debuggee: Debuggee, address: bigint, bytes: Uint8Array): void {
  const { session } = debuggee;
  // Check for unreadable pages before writing, so that either all bytes are written or none.
  if (session.inspector.readMemory(address, bytes.length).length < bytes.length) {
    throw errors.badAddress({ address, lengthBytes: bytes.length });
  }
  session.writes.memory(address, bytes);
  debuggee.changed({ address, lengthBytes: bytes.length });
}

function result(debuggee: Debuggee, frame: FrameWithSymbols, text: string) {
  const evaluation = frame.symbols.evaluate(text, frame.frame);
  if (evaluation.kind !== 'assignment') throw notWritable(text);
  return assign(debuggee, frame, evaluation);
}

/** A C expression for the value's location. */
function expressionOf({ expression, lvalue, typeName, name }: Value): string {
  if (expression !== undefined) return expression;
  if (lvalue && !lvalue.bits) return `*(${typeName} *)${hex(lvalue.address)}`;
  throw notWritable(name);
}

/** The bytes that contain a bit-field, with the bits of the field replaced by those of `value`. */
function withBitField({ session }: Debuggee, target: Value, value: Value): Uint8Array {
  const number = value.integer();
  const { lvalue } = target;
  if (number === undefined || !lvalue?.bits) throw notWritable(target.name);
  const { address, sizeBytes, bits } = lvalue;
  const bytes = session.inspector.readMemory(address, sizeBytes);
  if (bytes.length < sizeBytes) throw errors.badAddress({ address, lengthBytes: sizeBytes });
  const mask = ((1n << BigInt(bits.width)) - 1n) << BigInt(bits.offset);
  const whole = (numberOf(bytes) & ~mask) | ((number << BigInt(bits.offset)) & mask);
  return bytes.map((_, i) => Number((whole >> BigInt(8 * i)) & 0xffn));
}

/**
 * RISC-V calling convention: a 32-bit value is sign-extended in a register, regardless of its type. Narrower values are
 * extended according to their type.
 */
function registerValue(value: Value, bytes: Uint8Array): bigint {
  const raw = numberOf(bytes);
  if (bytes.length === 4) return BigInt.asIntN(32, raw);
  return bytes.length < 4 ? (value.integer() ?? raw) : raw;
}

const numberOf = (bytes: Uint8Array): bigint => bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);

/**
 * Whether the frame's registers can be written. This is possible only in the innermost frame of the current hart; a
 * caller's registers are saved in memory.
 */
const canWriteRegisters = ({ currentHart }: Debuggee, { hart, frame }: ShownFrame): boolean =>
  hart === currentHart && frame.depth === 0;

function setRegister(debuggee: Debuggee, frame: ShownFrame, { name, text }: { name: string; text: string }) {
  const number = registerNumber(name);
  if (!number || !canWriteRegisters(debuggee, frame)) throw notWritable(name);
  const value = numberIn(frame, text);
  debuggee.session.writes.register(number, value);
  debuggee.changed();
  return { value: hex(BigInt.asUintN(64, value)), variablesReference: 0 };
}

function numberIn({ symbols, frame }: ShownFrame, text: string): bigint {
  if (/^-?\d+$|^0x[0-9a-f]+$/i.test(text.trim())) return BigInt(text.trim());
  const evaluation = symbols?.evaluate(text, frame);
  const number = evaluation?.kind === 'value' ? evaluation.value.integer() : undefined;
  if (number === undefined) throw valueNeeded(text);
  return number;
}
