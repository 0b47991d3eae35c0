import { requestMalformed } from '../messages/dap.ts';
import { expected } from '../messages/expected.ts';
import { isRecord } from './arguments.ts';
import type { WatchedData, WatchedRegister } from './breakpointTable.ts';
import { hex } from './variableViews.ts';

/** What a data breakpoint watches. */
export type Watched = WatchedData | WatchedRegister;

/**
 * An ID that the client stores and passes back. It contains everything needed to set the breakpoint, because references
 * to values become invalid when the machine runs.
 */
export function dataIdOf(watched: Watched): string {
  if ('register' in watched) return JSON.stringify(watched);
  const { address, lengthBytes, label, type } = watched;
  return JSON.stringify({ address: hex(address), lengthBytes, label, type });
}

/** Throws a UserError if the text was not produced by `dataIdOf`. */
export function parseDataId(dataId: string): Watched {
  const parsed = parseJson(dataId);
  const watched = isRecord(parsed) ? (registerIn(parsed) ?? memoryIn(parsed)) : undefined;
  if (watched) return watched;
  throw requestMalformed({ command: 'setDataBreakpoints', argument: 'dataId', expected: expected.dataId() });
}

function memoryIn({ address, lengthBytes, label, type }: Record<string, unknown>): WatchedData | undefined {
  const isAddress = typeof address === 'string' && /^0x[0-9a-f]{1,16}$/.test(address);
  if (!isAddress || !isNumberUpTo(Number.MAX_SAFE_INTEGER, lengthBytes) || lengthBytes === 0) return undefined;
  if (typeof label !== 'string' || typeof type !== 'string') return undefined;
  return { address: BigInt(address), lengthBytes, label, type };
}

function registerIn({ register: what, hart, label }: Record<string, unknown>): WatchedRegister | undefined {
  if (!isRecord(what) || typeof label !== 'string' || !isNumberUpTo(HART_MAX, hart)) return undefined;
  const { kind, register, number } = what;
  if (kind === 'csr' && isNumberUpTo(CSR_MAX, number)) return { register: { kind, number }, hart, label };
  if (kind !== 'register' && kind !== 'float') return undefined;
  return isNumberUpTo(REGISTER_MAX, register) ? { register: { kind, register }, hart, label } : undefined;
}

const REGISTER_MAX = 31;
const CSR_MAX = 4095;
const HART_MAX = 255;

const isNumberUpTo = (max: number, value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
