import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RecordingReader } from '../../debug-adapter/engine/recording/recordingReader.ts';
import { RecordingWriter } from '../../debug-adapter/engine/recording/recordingWriter.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { median } from './processes.ts';

const MIB = 1 << 20;
const SECTORS = 2 ** 21;
const SECTORS_PER_BLOCK = 8;
/** The disk is divided into ranges of this size. The first block of each range is never written. */
const HOLE_SECTORS = 512;
const REPEATS = 15;

/**
 * Measures the log of a recording with many disk requests. They are random 4 KiB writes to a 1 GiB disk, which is the
 * worst case for the index.
 */
export function measureLog(): void {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  try {
    console.log('\nlog');
    measureLeavingLiveEnd(path.join(folder, 'live.rr'), 2_000_000);
    measureIndex(path.join(folder, 'index.rr'), 1_000_000);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * Measures how long it takes to open the log of a recording that is still being written and to read an entry. A live
 * machine does this when it leaves the live end.
 */
function measureLeavingLiveEnd(rrfile: string, requests: number): void {
  const writer = writeRequests(rrfile, requests);
  const opening = (open: (file: ReturnType<typeof openFile>) => RecordingReader) =>
    timesOf(() => {
      const reader = open(openFile(rrfile));
      reader.entriesFrom(reader.lastPosition / 2).next();
      reader.close();
    });
  const scanned = opening((file) => new RecordingReader(file, nodeHost.compression));
  const informed = opening((file) => new RecordingReader(file, nodeHost.compression, writer.contents()));
  line(`leaving the live end, ${requests} requests`, figures(informed));
  line('if the whole log were read', figures(scanned), `log ${(writer.lengthBytes / MIB).toFixed(1)} MiB`);
  writer.closeUnfinished();
}

/**
 * Measures how long searches take if no pages of the index are in memory, and how long it takes to rebuild all pages.
 */
function measureIndex(rrfile: string, requests: number): void {
  const start = performance.now();
  const writer = writeRequests(rrfile, requests);
  const writeMs = performance.now() - start;
  const { pages, ...contents } = writer.contents();
  const random = new SeededRandom(2);
  const search = (sector: () => number) =>
    timesOf(() => {
      const reader = new RecordingReader(openFile(rrfile), nodeHost.compression, writer.contents());
      reader.index.lastWriter('hd0', sector(), reader.lastPosition);
      reader.close();
    });
  const written = search(() => random.below(SECTORS / HOLE_SECTORS) * HOLE_SECTORS + SECTORS_PER_BLOCK + 3);
  const unwritten = search(() => random.below(SECTORS / HOLE_SECTORS) * HOLE_SECTORS);
  const rebuilt = timesOf(() => {
    const reader = new RecordingReader(openFile(rrfile), nodeHost.compression, { ...contents, pages: [] });
    reader.index.count({ kind: 'blockRequest' });
    reader.close();
  });
  const indexBytes = pages.reduce((sum, { page }) => sum + page.lengthBytes, 0);
  line(`last writer of a sector, ${requests} requests`, figures(written), 'target 50');
  line('last writer of a sector that was never written', figures(unwritten), 'target 50');
  line(`rebuilding the index, ${requests} requests`, figures(rebuilt), 'target 2000');
  line('size of the index', `${((100 * indexBytes) / writer.lengthBytes).toFixed(1)}% of the recording`);
  line(`writing a recording of ${requests} requests`, `${writeMs.toFixed(0)} ms`);
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
    let sector = random.below(SECTORS / SECTORS_PER_BLOCK) * SECTORS_PER_BLOCK;
    if (sector % HOLE_SECTORS === 0) sector += SECTORS_PER_BLOCK;
    const offset = sector * 512;
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
  act();
  return Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    act();
    return performance.now() - start;
  });
}

const figures = (times: number[]): string =>
  `median ${median(times).toFixed(1)} ms, at most ${Math.max(...times).toFixed(1)} ms`;

function line(what: string, ...figures: string[]): void {
  console.log(`  ${what.padEnd(52)} ${figures.join('   ')}`);
}
