import { readFileSync, writeFileSync } from 'node:fs';
import { FORMAT_VERSION, MAGIC } from '../../debug-adapter/engine/recording/chunk.ts';
import type { HeaderToWrite } from '../../debug-adapter/engine/recording/header.ts';
import type { LogEntry } from '../../debug-adapter/engine/recording/logEntry.ts';
import { RecordingReader } from '../../debug-adapter/engine/recording/recordingReader.ts';
import { RecordingWriter } from '../../debug-adapter/engine/recording/recordingWriter.ts';
import { nodeCompression } from '../../debug-adapter/host/compression.ts';
import { openFile } from '../../debug-adapter/host/nodeFiles.ts';
import type { Workplace } from './cli.ts';

/** The log of a recording, without the marks that flushing leaves. */
export function entriesOf(place: Workplace, rrfile: string): LogEntry[] {
  const reader = open(place, rrfile);
  const entries = [...reader.entriesFrom(0)].filter(({ kind }) => kind !== 'reached');
  reader.close();
  return entries;
}

/** Writes a recording anew with another log: it is well-formed, all its checksums are right, and it lies. */
export function rewriteRecording(place: Workplace, rrfile: string, entries: readonly LogEntry[]): void {
  rewriteFile(place.path(rrfile), () => entries);
}

/** The same for any file, with a log made from its own, and in the format of an earlier version where one is given. */
export function rewriteFile(
  file: string,
  change: (entries: LogEntry[]) => readonly LogEntry[],
  formatVersion = FORMAT_VERSION,
): void {
  const reader = openPath(file);
  const { bootFiles, ...header } = reader.header;
  const files = bootFiles.map(({ role }) => reader.bootFile(role));
  const entries = change([...reader.entriesFrom(0)]);
  reader.close();
  const writer = new RecordingWriter(openFile(file, { write: true, create: 'truncate' }), nodeCompression);
  writer.writeHeader(ofVersion(formatVersion, header), files);
  for (const entry of entries) {
    if (entry.kind === 'end') writer.close(entry);
    else writer.append(entry);
  }
  const last = entries.at(-1);
  if (last && last.kind !== 'end') writer.flush(last.position);
  writer.abandon();
  const bytes = readFileSync(file);
  bytes[MAGIC.length] = formatVersion;
  writeFileSync(file, bytes);
}

/** For a writer to write another version into the header; the file's start has it, too. */
export const ofVersion = (formatVersion: number, header: HeaderToWrite): HeaderToWrite =>
  Object.assign({}, header, { formatVersion });

const open = (place: Workplace, rrfile: string) => openPath(place.path(rrfile));

const openPath = (file: string) =>
  new RecordingReader(openFile(file, { write: false, create: 'never' }), nodeCompression);
