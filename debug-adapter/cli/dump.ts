import {
  describeEntry,
  entriesNamed,
  entryAsJson,
  lockToRead,
  type LogEntry,
  RecordingReader,
} from '../engine/index.ts';
import { inert, jsonLine } from '../messages/shown.ts';
import { nodeHost } from '../host/nodeHost.ts';
import { consoleOutput } from './outputs.ts';
import type { DumpCommand } from './fileOptions.ts';

/**
 * `dump RRFILE`: prints the entries in a recording's log, one per line. Each line starts with the position of the
 * entry. Each entry is printed as soon as it is read, because a log can be long.
 */
export function dumpRecording({ rrfile, from, to, kinds, driveId, json }: DumpCommand): number {
  const file = nodeHost.files.open(rrfile, { write: false, create: 'never' });
  const lock = lockToRead(nodeHost, rrfile);
  const reader = new RecordingReader(file, nodeHost.compression);
  try {
    for (const entry of kinds ? entriesNamed(reader, from, kinds) : reader.entriesFrom(from)) {
      if (entry.position > to || consoleOutput.isClosed) break;
      if (driveId !== null && !isOfDrive(entry, driveId)) continue;
      consoleOutput.writeText(
        json ? jsonLine(entryAsJson(entry)) + '\n' : `${entry.position}  ${inert(describeEntry(entry))}\n`,
      );
    }
    consoleOutput.flush();
    return 0;
  } finally {
    reader.close();
    lock.release();
  }
}

const isOfDrive = (entry: LogEntry, drive: string): boolean => 'drive' in entry && entry.drive === drive;
