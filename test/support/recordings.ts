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
  const reader = open(place, rrfile);
  const { formatVersion: _, bootFiles, ...header } = reader.header;
  const files = bootFiles.map(({ role }) => reader.bootFile(role));
  reader.close();
  const writer = new RecordingWriter(
    openFile(place.path(rrfile), { write: true, create: 'truncate' }),
    nodeCompression,
  );
  writer.writeHeader(header, files);
  for (const entry of entries) {
    if (entry.kind === 'end') writer.close(entry);
    else writer.append(entry);
  }
  const last = entries.at(-1);
  if (last && last.kind !== 'end') writer.flush(last.position);
  writer.abandon();
}

const open = (place: Workplace, rrfile: string) =>
  new RecordingReader(openFile(place.path(rrfile), { write: false, create: 'never' }), nodeCompression);
