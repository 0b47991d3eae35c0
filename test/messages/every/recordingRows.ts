import path from 'node:path';
import {
  CHUNK_FLAG,
  CHUNK_HEADER_BYTES,
  CHUNK_TYPE,
  decodeChunkHeader,
  encodeChunk,
  PREAMBLE_BYTES,
} from '../../../debug-adapter/engine/recording/chunk.ts';
import type { LogEntry } from '../../../debug-adapter/engine/recording/logEntry.ts';
import type { Sandbox } from '../../support/cli.ts';
import { entriesOf, headerJson, rewriteRecording, withHeader } from '../../support/recordings.ts';
import { cli, DEMO, noticeOnRecording, onRecording, OSLET, run } from './cli.ts';
import type { Row } from './rows.ts';

/** Changes the bytes of a recording. */
const changed = (name: string, change: (recording: Buffer) => Uint8Array | void) => ({
  trouble: (sandbox: Sandbox) => {
    const recording = sandbox.read(name);
    sandbox.write(name, change(recording) ?? recording);
  },
});

/** Changes the log of `os.rr`. */
const forged = (change: (log: LogEntry[]) => void) => ({
  trouble: (sandbox: Sandbox) => {
    const log = entriesOf(sandbox, 'os.rr');
    change(log);
    rewriteRecording(
      sandbox,
      'os.rr',
      log.toSorted((a, b) => a.position - b.position),
    );
  },
});

const divergence = (change: (log: LogEntry[]) => void) =>
  onRecording(`replay ${OSLET}`, { ...forged(change), status: 3 });

type Entry<K extends LogEntry['kind']> = Extract<LogEntry, { kind: K }>;

/** Changes the last log entry of a kind. */
const changeLast = <K extends LogEntry['kind']>(kind: K, fields: (entry: Entry<K>) => Partial<Entry<K>>) =>
  divergence((log) => {
    const index = log.findLastIndex((entry) => entry.kind === kind);
    log[index] = { ...log[index], ...fields(log[index] as Entry<K>) };
  });

/** Inserts a chunk from a later format version after the boot files. */
function withFutureChunk(recording: Buffer): Uint8Array {
  const pieces = [recording.subarray(0, PREAMBLE_BYTES)];
  let checksum = 0n;
  const add = (chunk: Parameters<typeof encodeChunk>[0]) => {
    const encoded = encodeChunk(chunk, checksum);
    pieces.push(Buffer.from(encoded.bytes));
    checksum = encoded.checksum;
  };
  for (let at = PREAMBLE_BYTES; ;) {
    const { type, flags, payloadBytes } = decodeChunkHeader(recording, at)!;
    if (type !== CHUNK_TYPE.header && type !== CHUNK_TYPE.bootFile) break;
    const start = at + CHUNK_HEADER_BYTES;
    add({ type, flags, payload: recording.subarray(start, start + payloadBytes) });
    at = start + payloadBytes;
  }
  add({ type: 99, flags: CHUNK_FLAG.critical, payload: Buffer.from('from the future') });
  return Buffer.concat(pieces);
}

const withMachine = (recording: Buffer, fields: object): Uint8Array => {
  const { machine, ...header } = headerJson(recording) as { machine: object };
  return withHeader(recording, { ...header, machine: { ...machine, ...fields } });
};

/** JSON escapes each character of this name, so the maximum number of such names does not fit in the header. */
const LONG_NAME = path.join(...Array<string>(16).fill('\u0001'.repeat(240)));
const address = (i: number) => `@0x${(0x8400_0000 + i * 4096).toString(16)}`;
const LONG_NAMES =
  `record --kernel timer.elf --rrfile a.rr ${Array.from({ length: 32 }, (_, i) => `--load ${LONG_NAME}${address(i)}`).join(' ')} ` +
  Array.from({ length: 8 }, (_, i) => `--drive id=hd${i},image=${LONG_NAME},format=raw,overlay=${LONG_NAME}${i}`).join(
    ' ',
  );

const SAME_OPTIONS = /Replay with the options used for the recording/;
const NEWER = /Replay it with the version of blkreplay that recorded it, or a newer one/;

/** Recordings that cannot be read or do not match the session's options. */
export const recordingRows: readonly Row[] = [
  {
    message: 'recording/notARecording',
    provoke: cli('replay --rrfile demo.c'),
    cause: /is not a blkreplay recording/,
    where: /^demo\.c /,
    remedy: /Pass a recording with --rrfile/,
  },
  {
    message: 'recording/recordingFromFuture',
    provoke: onRecording(
      'info a.rr',
      changed('a.rr', (recording) => void recording.writeUInt32LE(99, 8)),
    ),
    cause: /has recording format version 99; this version of blkreplay reads versions up to \d+/,
    where: /^a\.rr /,
    remedy: NEWER,
  },
  {
    message: 'recording/recordingFromPast',
    provoke: onRecording(
      'info a.rr',
      changed('a.rr', (recording) => void recording.writeUInt32LE(1, 8)),
    ),
    cause: /has recording format version 1; this version of blkreplay reads version \d+ and later/,
    where: /^a\.rr /,
    remedy: /or record again/,
  },
  {
    message: 'recording/recordingNeedsNewerPort',
    provoke: onRecording(
      'dump os.rr',
      forged((log) => void log.push({ kind: 'input', position: 5, port: 1000, payload: Uint8Array.of(1) })),
    ),
    cause: /contains data for a device that this version of blkreplay does not have \(input port 1000/,
    where: /^os\.rr .*in the chunk at byte \d+/,
    remedy: NEWER,
  },
  {
    message: 'recording/recordingNeedsNewer',
    provoke: onRecording('info a.rr', changed('a.rr', withFutureChunk)),
    cause: /contains data that this version of blkreplay does not support \(chunk type 99/,
    where: /^a\.rr .*at byte \d+/,
    remedy: NEWER,
  },
  {
    message: 'recording/recordingCutShort',
    provoke: onRecording('info a.rr', { trouble: (sandbox) => sandbox.cut('a.rr', 200) }),
    cause: /ends inside its header after 200 bytes.*there is nothing to replay/,
    where: /^a\.rr /,
    remedy: /Copy it again from the original, or record again/,
  },
  {
    message: 'recording/recordingDamaged',
    provoke: onRecording('info a.rr', { trouble: (sandbox) => sandbox.flipByte('a.rr', 60) }),
    cause: /is damaged .*: the checksum of its header is incorrect/,
    where: /^a\.rr .*at byte 12/,
    remedy: /Copy it again from the original, or record again/,
  },
  {
    message: 'recording/headerTooLong',
    provoke: cli(LONG_NAMES, {
      trouble: (sandbox) => void sandbox.write(LONG_NAME, sandbox.read('demo.elf').subarray(1, 513)),
    }),
    cause: /The file names and the kernel command line take \d+ bytes/,
    where: /in the header of a\.rr/,
    remedy: /Use shorter names or a shorter kernel command line/,
  },
  {
    message: 'recording/noSuchBootFile',
    provoke: onRecording('symbols b.rr', {
      trouble: async (sandbox) => {
        await run(sandbox, 'record --bios timer.elf --rrfile b.rr');
      },
      isText: true,
    }),
    cause: /contains no kernel/,
    where: /^b\.rr /,
    remedy: /Record again with --kernel/,
  },
  {
    message: 'recording/bootFileDiffers',
    provoke: noticeOnRecording(`replay ${DEMO} --stop-at 1`, {
      trouble: (sandbox) => void sandbox.write('demo.elf', 'rebuilt'),
    }),
    cause: /differs from the recorded kernel\. The replay uses the recorded one/,
    where: /^demo\.elf /,
    remedy: /Record again to use the new one/,
  },
  {
    message: 'recording/recordedWithOther',
    provoke: onRecording(`replay ${DEMO} --memory 64M`),
    cause: /was recorded with a different machine \(memory: recorded 128 MiB, given 64 MiB\)/,
    where: /^a\.rr /,
    remedy: SAME_OPTIONS,
  },
  {
    message: 'recording/recordedInstructionsUnknown',
    provoke: onRecording(
      'replay --rrfile timer.rr',
      changed('timer.rr', (recording) => withMachine(recording, { isa: 'rv64imafdc_zfuture' })),
    ),
    cause: /was recorded with an instruction set that .* does not support \("/,
    where: /^timer\.rr /,
    remedy: NEWER,
  },
  {
    message: 'recording/recordedDriveMissing',
    provoke: onRecording('replay --rrfile a.rr'),
    cause: /was recorded with drive hd0 \(image disk\.img\), but this drive was not given/,
    where: /^a\.rr /,
    remedy: SAME_OPTIONS,
  },
  {
    message: 'recording/recordedWithoutDrive',
    provoke: onRecording(`replay ${DEMO} --drive id=hd1,image=disk.img,format=raw`),
    cause: /was recorded without drive hd1/,
    where: /^a\.rr /,
    remedy: /Leave the drive out, or record again with it/,
  },
  {
    message: 'recording/baseChanged',
    provoke: onRecording(`replay ${DEMO}`, { trouble: (sandbox) => sandbox.flipByte('disk.img', 0) }),
    cause: /has changed since a\.rr was recorded/,
    where: /^disk\.img \(drive hd0\) /,
    remedy: /Restore it, or record again/,
  },
  {
    message: 'recording/replayDiverged(divergence-input)',
    provoke: divergence((log) => void log.push({ kind: 'clockJump', position: 1000, nanoseconds: 5 })),
    cause: /expected a clock jump .*, but the machine is not waiting/,
    where: /differs from os\.rr at position 1000/,
    remedy: /it was recorded with a different version of blkreplay/,
  },
  {
    message: 'recording/replayDiverged(divergence-request)',
    provoke: changeLast('blockRequest', ({ offset }) => ({ offset: offset + 512 })),
    cause: /expected a (read|write) .*, but the guest made/,
    where: /differs from os\.rr at position \d+.* of drive hd0/,
    remedy: /it was recorded with a different version of blkreplay/,
  },
  {
    message: 'recording/replayDiverged(divergence-completion)',
    provoke: divergence((log) => {
      const { id } = log.find(
        (entry) => entry.kind === 'blockRequest' && entry.operation === 'read',
      ) as Entry<'blockRequest'>;
      const index = log.findIndex((entry) => entry.kind === 'blockCompletion' && entry.id === id);
      const completion = log[index] as Entry<'blockCompletion'>;
      log[index] = { ...completion, digest: completion.digest ^ 1n };
    }),
    cause: /The guest read different data from drive hd0 at sector \d+/,
    where: /differs from os\.rr at position \d+/,
    remedy: /Restore it, or record again/,
  },
  {
    message: 'recording/replayDiverged(divergence-digest)',
    provoke: changeLast('digest', ({ parts }) => ({
      parts: parts.map(({ name, value }) => ({ name, value: name === 'drive hd0' ? value ^ 1n : value })),
    })),
    cause: /expected digest \w+ of drive hd0, but it is/,
    where: /differs from os\.rr at position \d+/,
    remedy: /disk\.img or its overlay os\.qcow2 has changed since it was recorded\. Restore it, or record again/,
  },
  {
    message: 'recording/replayDiverged(divergence-end)',
    provoke: changeLast('end', () => ({ reason: 'guestFailed', guestExit: 3 })),
    cause: /expected the machine to end with "guestFailed" and guest exit code 3, but/,
    where: /differs from os\.rr at position \d+/,
    remedy: /it was recorded with a different version of blkreplay/,
  },
];
