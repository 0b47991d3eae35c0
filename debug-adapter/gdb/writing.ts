import { csrsAreReadOnly } from '../messages/gdb.ts';
import { parseHex, parseHexUpTo } from './hex.ts';
import { PACKET_BYTES_MAX } from './packets.ts';
import { readRegister, registerNumbers } from './registers.ts';
import type { GdbClient } from './gdbClient.ts';

const VALUE_DIGITS = 16;
// The maximum number of bytes that one packet can write.
const WRITTEN_BYTES_MAX = PACKET_BYTES_MAX;

/**
 * The reply to a packet that modifies the machine; undefined if the packet is malformed. At the live end, each
 * modification is recorded as a step. In the history, the session rejects modifications, and gdb shows why.
 */
type WriteReply = 'OK' | undefined;

/** `P number=value` */
export function writeOneRegister({ session }: GdbClient, rest: string): WriteReply {
  const [register, digits, ...more] = rest.split('=');
  const number = parseHexUpTo(register, 0xffff);
  const value = parseValue(digits);
  if (number === undefined || value === undefined || more.length > 0) return undefined;
  if (readRegister(session.inspector, number) === undefined) return undefined;
  if (number >= registerNumbers.length) throw csrsAreReadOnly();
  session.writes.register(number, value);
  return 'OK';
}

/**
 * `G values`: x0 to x31 and pc, in the format of `g`. A register whose value would not change is not written, so that
 * no step is recorded for it.
 */
export function writeAllRegisters({ session }: GdbClient, rest: string): WriteReply {
  const values = registerNumbers.map((number) => parseValue(rest.slice(number * VALUE_DIGITS).slice(0, VALUE_DIGITS)));
  if (rest.length !== registerNumbers.length * VALUE_DIGITS) return undefined;
  if (!values.every((value) => value !== undefined)) return undefined;
  const before = registerNumbers.map((number) => parseValue(readRegister(session.inspector, number)));
  values.forEach((value, number) => {
    if (value !== before[number]) session.writes.register(number, value);
  });
  return 'OK';
}

/** `M address,length:digits` */
export function writeMemoryAsHex(client: GdbClient, rest: string): WriteReply {
  const at = rest.indexOf(':');
  const digits = rest.slice(at + 1);
  if (at < 0 || digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return undefined;
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  return write(client, rest.slice(0, at), bytes);
}

/** `X address,length:bytes`; gdb sends a packet without bytes to test for support. */
export function writeMemory(client: GdbClient, rest: string): WriteReply {
  const at = rest.indexOf(':');
  if (at < 0) return undefined;
  return write(
    client,
    rest.slice(0, at),
    Uint8Array.from(rest.slice(at + 1), (character) => character.charCodeAt(0)),
  );
}

function write({ session }: GdbClient, addressText: string, bytes: Uint8Array): WriteReply {
  const [address, length, ...more] = addressText.split(',');
  const at = parseHex(address);
  const lengthBytes = parseHexUpTo(length, WRITTEN_BYTES_MAX);
  if (at === undefined || lengthBytes !== bytes.length || more.length > 0) return undefined;
  session.writes.memory(at, bytes);
  return 'OK';
}

/** Parses a register value given as sixteen hexadecimal digits in little-endian order. */
function parseValue(digits: string | undefined): bigint | undefined {
  if (digits === undefined || digits.length !== VALUE_DIGITS) return undefined;
  return parseHex((digits.match(/../g) ?? []).reverse().join(''));
}
