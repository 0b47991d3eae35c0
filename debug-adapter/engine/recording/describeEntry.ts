import { assertNever } from '../base/assert.ts';
import { hexText } from '../base/hexText.ts';
import { INPUT_PORTS, type PortTable } from '../machine/ports/portTable.ts';
import { digestText } from './header.ts';
import type { LogEntry } from './logEntry.ts';
import { decodePortEntry, entryName } from './portEntries.ts';
import { logEntryTexts } from '../../messages/logEntries.ts';

/** Describes a log entry in one line of text, without the position. */
export function describeEntry(entry: LogEntry, ports: PortTable = INPUT_PORTS): string {
  switch (entry.kind) {
    case 'input':
    case 'answer':
      return decodePortEntry(entry, ports).describe();
    case 'clockJump':
      return logEntryTexts.clockJump(entry.nanoseconds);
    case 'memoryWrite':
      return logEntryTexts.memoryWrite(hex(entry.address, 8), hexText(entry.bytes));
    case 'registerWrite':
      return logEntryTexts.registerWrite(entry.register, `0x${digestText(entry.value)}`);
    case 'blockRequest': {
      const request = logEntryTexts.request(entry.drive, entry.id, entry.operation);
      if (entry.operation === 'flush') return request;
      return logEntryTexts.requestAt(request, entry.lengthBytes, offsetText(entry.offset));
    }
    case 'blockCompletion': {
      const completion = logEntryTexts.completion(entry.drive, entry.id, entry.status);
      return entry.digest === 0n ? completion : logEntryTexts.completionWith(completion, digestText(entry.digest));
    }
    case 'digest':
      return logEntryTexts.digest(entry.parts.map(({ name, value }) => `${name} ${digestText(value)}`));
    case 'snapshot':
      return logEntryTexts.snapshot(entry.name);
    case 'reached':
      return logEntryTexts.reached();
    case 'end':
      return logEntryTexts.end(entry.reason, entry.guestExit);
    default:
      return assertNever(entry);
  }
}

/**
 * Converts an entry for JSON output: bytes become a hexadecimal string, and 64-bit numbers become 16 hexadecimal
 * digits.
 */
export function entryAsJson(entry: LogEntry, ports: PortTable = INPUT_PORTS): Record<string, unknown> {
  switch (entry.kind) {
    case 'input':
    case 'answer': {
      const { position } = entry;
      return { kind: entryName(entry, ports), position, ...decodePortEntry(entry, ports).fields() };
    }
    case 'memoryWrite':
      return { ...entry, bytes: hexText(entry.bytes) };
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

/**
 * An offset on a disk: in sectors if it is a multiple of the sector size, because guests address disks in sectors;
 * otherwise in bytes.
 */
function offsetText(offset: number): string {
  return offset % SECTOR_BYTES === 0 ? logEntryTexts.sector(offset / SECTOR_BYTES) : logEntryTexts.byte(offset);
}

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;
