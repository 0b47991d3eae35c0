import { readFileSync, writeFileSync } from 'node:fs';
import {
  CHUNK_HEADER_BYTES,
  CHUNK_TYPE,
  decodeChunkHeader,
  encodeChunk,
  FORMAT_VERSION,
  MAGIC,
  PREAMBLE_BYTES,
} from '../../debug-adapter/engine/recording/chunk.ts';
import type { HeaderFields } from '../../debug-adapter/engine/recording/header.ts';
import type { LogEntry } from '../../debug-adapter/engine/recording/logEntry.ts';
import { RecordingReader } from '../../debug-adapter/engine/recording/recordingReader.ts';
import { RecordingWriter } from '../../debug-adapter/engine/recording/recordingWriter.ts';
import { nodeCompression } from '../../debug-adapter/host/compression.ts';
import { openFile } from '../../debug-adapter/host/nodeFiles.ts';
import type { Sandbox } from './cli.ts';
import type { Json } from './randomJson.ts';

/** The log entries of a recording, without the `reached` entries that each flush adds. */
export function entriesOf(sandbox: Sandbox, rrfile: string): LogEntry[] {
  const reader = open(sandbox, rrfile);
  const entries = [...reader.entriesFrom(0)].filter(({ kind }) => kind !== 'reached');
  reader.close();
  return entries;
}

/**
 * Rewrites a recording with a different log. The result is well-formed and all checksums are valid, but its contents
 * are forged.
 */
export function rewriteRecording(sandbox: Sandbox, rrfile: string, entries: readonly LogEntry[]): void {
  rewriteFile(sandbox.path(rrfile), () => entries);
}

/** Rewrites any recording file with a log derived from its own log, optionally in an earlier version's format. */
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
  writer.closeUnfinished();
  const bytes = readFileSync(file);
  bytes[MAGIC.length] = formatVersion;
  writeFileSync(file, bytes);
}

/** The JSON at the start of a recording. */
export function headerJson(recording: Uint8Array): Json {
  const { payloadBytes } = decodeChunkHeader(recording, PREAMBLE_BYTES)!;
  const at = PREAMBLE_BYTES + CHUNK_HEADER_BYTES;
  return JSON.parse(new TextDecoder().decode(recording.subarray(at, at + payloadBytes))) as Json;
}

/** A copy of the recording with its header replaced by `header` and its checksums recalculated. */
export function withHeader(recording: Uint8Array, header: Json | Uint8Array): Uint8Array {
  const json = header instanceof Uint8Array ? header : new TextEncoder().encode(JSON.stringify(header));
  const pieces = [recording.subarray(0, PREAMBLE_BYTES)];
  let checksum = 0n;
  for (let at = PREAMBLE_BYTES; at < recording.length;) {
    const { type, flags, payloadBytes } = decodeChunkHeader(recording, at)!;
    const start = at + CHUNK_HEADER_BYTES;
    const old = recording.subarray(start, start + payloadBytes);
    const payload = type === CHUNK_TYPE.header ? json : old;
    const chunk = encodeChunk({ type, flags, payload }, checksum);
    pieces.push(chunk.bytes);
    checksum = chunk.checksum;
    at = start + payloadBytes;
  }
  return Buffer.concat(pieces);
}

/**
 * Header fields with a different format version, to pass to a writer. The version is also stored at the start of the
 * file, where the caller must change it.
 */
export const ofVersion = (formatVersion: number, header: HeaderFields): HeaderFields =>
  Object.assign({}, header, { formatVersion });

const open = (sandbox: Sandbox, rrfile: string) => openPath(sandbox.path(rrfile));

const openPath = (file: string) =>
  new RecordingReader(openFile(file, { write: false, create: 'never' }), nodeCompression);
