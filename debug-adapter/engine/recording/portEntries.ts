import { assert } from '../base/assert.ts';
import type { Position } from '../base/quantities.ts';
import { INPUT_PORTS, type PortTable } from '../machine/ports/portTable.ts';
import { KIND_CODES } from './entryKinds.ts';
import { isPortEntry, type LogEntry, type LogEntryKind, type PortEntry } from './logEntry.ts';
import type { RecordingReader } from './recordingReader.ts';

/** The name that users see for an entry's kind. If the entry belongs to a port, the port's format defines the name. */
export function entryName(entry: LogEntry, ports: PortTable = INPUT_PORTS): string {
  return isPortEntry(entry) ? formatOf(entry, ports).kind : entry.kind;
}

/** The kinds of entries that do not belong to a port. */
const MACHINE_KINDS = (Object.keys(KIND_CODES) as LogEntryKind[]).filter(
  (kind) => kind !== 'input' && kind !== 'answer',
);

/** The names of all kinds of entries. The command line accepts and prints these names. */
export const ENTRY_NAMES: readonly string[] = namesOf(INPUT_PORTS);

/** Yields the entries with these names in order, starting at `position`. */
export function* entriesNamed(
  reader: RecordingReader,
  position: Position,
  names: readonly string[],
): Generator<LogEntry, void, undefined> {
  const kinds: LogEntryKind[] = MACHINE_KINDS.filter((kind) => names.includes(kind));
  for (const traffic of ['input', 'answer'] as const) {
    if (reader.ports.formats(traffic).some(({ kind }) => names.includes(kind))) kinds.push(traffic);
  }
  for (const entry of reader.entriesFrom(position, kinds)) {
    if (names.includes(entryName(entry, reader.ports))) yield entry;
  }
}

/** The entry's value as its port's format describes it; see `PayloadFormat`. Throws `Malformed` for a bad payload. */
export function decodePortEntry(entry: PortEntry, ports: PortTable) {
  const format = formatOf(entry, ports);
  const value = format.decode(entry.payload);
  return {
    fields: () => format.fields(value),
    describe: () => format.describe(value),
    expectation: () => format.expectation(value),
  };
}

function formatOf({ kind, port }: PortEntry, ports: PortTable) {
  const format = ports.format(kind, port);
  assert(format, 'the reader refuses entries of unknown ports');
  return format;
}

function namesOf(ports: PortTable): string[] {
  const names = (traffic: 'input' | 'answer') => ports.formats(traffic).map(({ kind }) => kind);
  return [...names('input'), ...MACHINE_KINDS, ...names('answer')];
}
