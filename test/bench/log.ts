import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Player } from '../../debug-adapter/engine/recording/player.ts';
import { RecordingReader } from '../../debug-adapter/engine/recording/recordingReader.ts';
import { RecordingWriter } from '../../debug-adapter/engine/recording/recordingWriter.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { median } from './processes.ts';

const MIB = 1 << 20;
const SECTORS = 2 ** 21;
const SECTORS_PER_BLOCK = 8;
const REPEATS = 9;

/**
 * Measures a recording's log with many disk requests: random writes of 4 KiB to a disk of 1 GiB, which is the worst
 * case for the index.
 */
export function measureLog(): void {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  try {
    console.log('\nlog');
    measureLeavingLiveEnd(path.join(folder, 'live.rr'), 2_000_000);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Opens the log of a recording that is being written, as is done whenever a live machine goes back. */
function measureLeavingLiveEnd(rrfile: string, requests: number): void {
  const writer = writeRequests(rrfile, requests);
  const opening = (open: (file: ReturnType<typeof openFile>) => RecordingReader) =>
    timesOf(() => {
      const reader = open(openFile(rrfile));
      new Player(reader).seek(reader.lastPosition / 2);
      reader.close();
    });
  const scanned = opening((file) => new RecordingReader(file, nodeHost.compression));
  const informed = opening((file) => new RecordingReader(file, nodeHost.compression, writer.contents()));
  const most = (times: number[]) => Math.max(...times).toFixed(1);
  line(
    `leaving the live end, ${requests} requests`,
    `median ${median(informed).toFixed(1)} ms`,
    `at most ${most(informed)} ms`,
    `if the whole log were read: median ${median(scanned).toFixed(1)} ms, at most ${most(scanned)} ms`,
    `log ${(writer.lengthBytes / MIB).toFixed(1)} MiB`,
  );
  writer.closeUnfinished();
}

function writeRequests(rrfile: string, requests: number): RecordingWriter {
  const random = new SeededRandom(1);
  const writer = new RecordingWriter(
    nodeHost.files.open(rrfile, { write: true, create: 'truncate' }),
    nodeHost.compression,
  );
  const machine = { kind: 'virt', memoryBytes: 128 * MIB, harts: 1, isa: 'rv64imafdc_zicsr_zifencei' } as const;
  writer.writeHeader(
    {
      ...{ blkreplayVersion: 'bench', machine, idle: 'warp', append: '', rrsnapshot: 'replay_init', stateFile: null },
      drives: [
        {
          ...{ id: 'hd0', format: 'raw', readOnly: false, lengthBytes: SECTORS * 512 },
          ...{ contentDigest: '0'.repeat(16), image: 'disk.img', overlay: 'hd0.qcow2' },
        },
      ],
    },
    [],
  );
  for (let id = 0; id < requests; id++) {
    const position = id * 1000;
    const offset = random.below(SECTORS / SECTORS_PER_BLOCK) * SECTORS_PER_BLOCK * 512;
    const lengthBytes = SECTORS_PER_BLOCK * 512;
    writer.append({ kind: 'blockRequest', id, drive: 'hd0', operation: 'write', offset, lengthBytes, position });
    const digest = (BigInt(id) * 0x9e37_79b9_7f4a_7c15n) & 0xffff_ffff_ffff_ffffn;
    writer.append({ kind: 'blockCompletion', id, drive: 'hd0', status: 'ok', digest, position: position + 300 });
  }
  writer.flush(requests * 1000);
  return writer;
}

const openFile = (file: string) => nodeHost.files.open(file, { write: false, create: 'never' });

function timesOf(act: () => void): number[] {
  return Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    act();
    return performance.now() - start;
  });
}

function line(what: string, ...figures: string[]): void {
  console.log(`  ${what.padEnd(52)} ${figures.join('   ')}`);
}
