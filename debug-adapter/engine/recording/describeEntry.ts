import { assertNever } from '../base/assert.ts';
import { digestText } from './header.ts';
import type { LogEntry } from './logEntry.ts';

/** Describes a log entry in one line of text, without its position. */
export function describeEntry(entry: LogEntry): string {
  switch (entry.kind) {
    case 'consoleInput':
      return `console input ${hex(entry.byte, 2)}${printable(entry.byte)}`;
    case 'clockJump':
      return `clock jump of ${entry.nanoseconds} ns`;
    case 'memoryWrite':
      return `debugger writes memory at ${hex(entry.address, 8)}: ${bytesText(entry.bytes)}`;
    case 'registerWrite':
      return `debugger writes register ${entry.register}: 0x${digestText(entry.value)}`;
    case 'hostTime':
      return `guest asks for the date: ${entry.milliseconds} ms since 1970`;
    case 'entropy':
      return `guest asks for entropy: ${bytesText(entry.bytes)}`;
    case 'hostFile':
      return `guest asks for a file or the console: ${fileText(entry)}`;
    case 'blockRequest': {
      const what = `drive ${entry.drive} request ${entry.id}: ${entry.operation}`;
      return entry.operation === 'flush' ? what : `${what} of ${entry.lengthBytes} bytes at ${placeText(entry.offset)}`;
    }
    case 'blockCompletion': {
      const what = `drive ${entry.drive} request ${entry.id} done: ${entry.status}`;
      return entry.digest === 0n ? what : `${what}, data ${digestText(entry.digest)}`;
    }
    case 'digest':
      return `digest ${entry.parts.map(({ name, value }) => `${name} ${digestText(value)}`).join(', ')}`;
    case 'snapshot':
      return `snapshot "${entry.name}"`;
    case 'reached':
      return 'reached: nothing else came up to here';
    case 'end':
      return `end: ${entry.reason}${entry.guestExit === undefined ? '' : `, guest exit ${entry.guestExit}`}`;
    default:
      return assertNever(entry);
  }
}

/** The entry for JSON output: bytes are hexadecimal text, and 64-bit numbers are 16 hexadecimal digits. */
export function entryAsJson(entry: LogEntry): Record<string, unknown> {
  switch (entry.kind) {
    case 'memoryWrite':
    case 'entropy':
    case 'hostFile':
      return { ...entry, bytes: bytesText(entry.bytes) };
    case 'registerWrite':
      return { ...entry, value: digestText(entry.value) };
    case 'blockCompletion':
      return { ...entry, digest: digestText(entry.digest) };
    case 'digest':
      return { ...entry, parts: entry.parts.map(({ name, value }) => ({ name, value: digestText(value) })) };
    default:
      return { ...entry };
  }
}

const SECTOR_BYTES = 512;

/** In sectors, as the guest counts, if the offset is a multiple of the sector size. */
function placeText(offset: number): string {
  return offset % SECTOR_BYTES === 0 ? `sector ${offset / SECTOR_BYTES}` : `byte ${offset}`;
}

/** For an opened file its length, otherwise the bytes read; the console has no length. */
function fileText({ error, lengthBytes, bytes }: LogEntry & { kind: 'hostFile' }): string {
  if (error) return `error ${error}`;
  return bytes.length > 0 ? `a piece of ${bytes.length} bytes` : `${lengthBytes} bytes`;
}

function printable(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? ` '${String.fromCharCode(byte)}'` : '';
}

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

const bytesText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
