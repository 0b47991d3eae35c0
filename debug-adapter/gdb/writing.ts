import { csrsAreReadOnly } from '../engine/errors/gdb.ts';
import { parseHex, parseHexUpTo } from './hex.ts';
import { PACKET_BYTES_MAX } from './packets.ts';
import { readRegister, registerNumbers } from './registers.ts';
import type { Target } from './target.ts';

/**
 * The packets that change the machine. In a live present each change is a step of its own and part of the recording;
 * in what is recorded the session refuses it, and gdb shows why. `undefined` is a packet that makes no sense.
 */
const VALUE_DIGITS = 16;
// The value's bytes may all be written in one packet, two digits each.
const WRITTEN_BYTES_MAX = PACKET_BYTES_MAX;

type Written = 'OK' | undefined;

/** `P number=value` */
export function writeOneRegister({ session }: Target, rest: string): Written {
  const [register, digits, ...more] = rest.split('=');
  const number = parseHexUpTo(register, 0xffff);
  const value = parseValue(digits);
  if (number === undefined || value === undefined || more.length > 0) return undefined;
  if (readRegister(session.inspector, number) === undefined) return undefined;
  if (number >= registerNumbers.length) throw csrsAreReadOnly();
  session.writeRegister(number, value);
  return 'OK';
}

/** `G values`: x0 to x31 and pc, as `g` gives them. What stays as it is takes no step. */
export function writeAllRegisters({ session }: Target, rest: string): Written {
  const values = registerNumbers.map((number) => parseValue(rest.slice(number * VALUE_DIGITS).slice(0, VALUE_DIGITS)));
  if (rest.length !== registerNumbers.length * VALUE_DIGITS) return undefined;
  if (!values.every((value) => value !== undefined)) return undefined;
  const before = registerNumbers.map((number) => parseValue(readRegister(session.inspector, number)));
  values.forEach((value, number) => {
    if (value !== before[number]) session.writeRegister(number, value);
  });
  return 'OK';
}

/** `M address,length:digits` */
export function writeMemoryAsHex(target: Target, rest: string): Written {
  const at = rest.indexOf(':');
  const digits = rest.slice(at + 1);
  if (at < 0 || digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return undefined;
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  return write(target, rest.slice(0, at), bytes);
}

/** `X address,length:bytes`; an empty one asks whether there is such a packet. */
export function writeMemory(target: Target, rest: string): Written {
  const at = rest.indexOf(':');
  if (at < 0) return undefined;
  return write(
    target,
    rest.slice(0, at),
    Uint8Array.from(rest.slice(at + 1), (character) => character.charCodeAt(0)),
  );
}

function write({ session }: Target, place: string, bytes: Uint8Array): Written {
  const [address, length, ...more] = place.split(',');
  const at = parseHex(address);
  const lengthBytes = parseHexUpTo(length, WRITTEN_BYTES_MAX);
  if (at === undefined || lengthBytes !== bytes.length || more.length > 0) return undefined;
  session.writeMemory(at, bytes);
  return 'OK';
}

/** Sixteen digits, little endian. */
function parseValue(digits: string | undefined): bigint | undefined {
  if (digits === undefined || digits.length !== VALUE_DIGITS) return undefined;
  return parseHex((digits.match(/../g) ?? []).reverse().join(''));
}
