import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MachineTimeline } from '../../debug-adapter/engine/timeline/machineTimeline.ts';
import { LiveInputs, openRecord } from '../../debug-adapter/engine/index.ts';
import { TimedPace } from '../../debug-adapter/host/snapshotPace.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { guest } from '../support/guests.ts';
import { blkreplay, isInstalled, median, QEMU, qemuMachine } from './processes.ts';

const MIB = 1 << 20;
const RAM_START = 0x8000_0000;
const PAGE_BYTES = 4096;
const DIRTY_PAGES = 1024;
const REQUESTS = 4096;
const STREAM_MIB = 64;
const STREAM_PASSES = 12;
const CHUNK_BYTES = 64 << 10;
/** The number of recordings that warm up the process and are not measured. */
const WARM_UP = 2;
/** The time limit for one run of QEMU, which takes 6 to 10 s on an idle machine. */
const QEMU_SECONDS_MAX = 60;

/**
 * Measures three costs of the block engine: taking snapshots of a machine with few dirty pages, recording a guest that
 * only makes disk requests (compared with `run` and with QEMU's record and replay), and executing sequential requests
 * (compared with plain file calls). The compared processes run alternately on one machine, so the ratios of their times
 * are meaningful even where the absolute times are not.
 */
export function measureBlock(pairs: number): void {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  try {
    console.log('\nblock engine');
    for (const memoryMib of [128, 1024]) measureSnapshots(folder, memoryMib);
    measureRequests(folder, pairs);
    measureStream(folder, pairs);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function measureSnapshots(folder: string, memoryMib: number): void {
  const overlay = path.join(folder, `snapshots${memoryMib}.qcow2`);
  const timeline = openBooted(folder, overlay, memoryMib);
  const times: number[] = [];
  const growths: number[] = [];
  for (let round = 0; round < 9; round++) {
    dirtyPages(timeline, memoryMib, round);
    const before = fs.statSync(overlay).size;
    const start = performance.now();
    timeline.snapshots.take(`round ${round}`);
    times.push(performance.now() - start);
    growths.push(fs.statSync(overlay).size - before);
  }
  timeline.close({ reason: 'interrupted' });
  const what = `snapshot, ${memoryMib} MiB of RAM, ${DIRTY_PAGES} scattered dirty pages`;
  line(
    what,
    `${median(times).toFixed(1)} ms`,
    'target 50',
    `grows ${(Math.max(...growths) / MIB).toFixed(2)} MiB`,
    'target 8',
  );
}

function openBooted(folder: string, overlay: string, memoryMib: number): MachineTimeline {
  const image = path.join(folder, 'small.img');
  fs.writeFileSync(image, new Uint8Array(4 * MIB));
  const timeline = openRecord(nodeHost, {
    ...liveOptions('kernel/oslet', memoryMib),
    rrfile: path.join(folder, 'snapshots.rr'),
    drives: [{ id: 'hd0', image, format: 'raw', overlay, readOnly: false }],
  });
  timeline.advance(2_000_000);
  return timeline;
}

const liveOptions = (kernel: string, memoryMib: number) => ({
  ...{ bios: null, initrd: null, append: '', onConsoleByte: () => {}, idle: 'warp' as const, version: 'bench' },
  ...{ otherInputs: [], overwrite: true, live: new LiveInputs([]), rrsnapshot: null },
  kernel: guest(kernel),
  memoryBytes: memoryMib * MIB,
});

/** Writes to DIRTY_PAGES pages, spread as far apart as possible, at addresses above the memory that the guest uses. */
function dirtyPages(timeline: MachineTimeline, memoryMib: number, round: number): void {
  const step = Math.floor(((memoryMib - 32) * MIB) / DIRTY_PAGES / PAGE_BYTES) * PAGE_BYTES;
  for (let i = 0; i < DIRTY_PAGES; i++) {
    const address = RAM_START + 32 * MIB + i * step;
    timeline.inject({ kind: 'memoryWrite', address, bytes: Uint8Array.of(round + 1, i & 0xff, i >> 8) });
  }
}

function measureRequests(folder: string, pairs: number): void {
  const kernel = guest('disk/requests');
  const options = ['--kernel', kernel, '--rrfile', 'r.rr', '--drive', 'id=hd0,image=disk.img,format=raw'];
  fs.writeFileSync(path.join(folder, 'disk.img'), new Uint8Array(32 * MIB));
  const overlay = [...options.slice(0, -1), `${options.at(-1)},overlay=r.qcow2`];
  const hasQemu = isInstalled(QEMU);
  const times = { run: [] as number[], record: [] as number[], replay: [] as number[] };
  for (let pair = 0; pair < pairs; pair++) {
    times.run.push(blkreplay(['run', ...options], folder));
    times.record.push(blkreplay(['record', ...overlay, '--overwrite'], folder));
    times.replay.push(blkreplay(['replay', ...overlay], folder));
  }
  const what = `${REQUESTS} requests of 4 KiB`;
  for (const way of ['record', 'replay'] as const) {
    const ratio = median(times[way].map((time, i) => time / times.run[i]));
    line(`${what}: ${way}`, `${median(times[way]).toFixed(2)} s`, `${ratio.toFixed(2)} x run`, 'target 1.15');
    const theirs = hasQemu ? qemu(folder, kernel, way) : undefined;
    if (theirs !== undefined) {
      line(
        `  rr=${way} of QEMU`,
        `${theirs.toFixed(2)} s`,
        `${(median(times[way]) / theirs).toFixed(2)} of it here`,
        'target 1',
      );
    } else
      console.log(`  rr=${way} of QEMU: ${hasQemu ? `does not end within ${QEMU_SECONDS_MAX} s` : 'not installed'}`);
  }
  line(`${what}: log`, `${logBytesARequest(folder).toFixed(1)} bytes a request`, 'target 40');
}

/**
 * The average number of log bytes for each disk request. The header and the boot files are not counted, because the
 * size of a recording that stops immediately is subtracted.
 */
function logBytesARequest(folder: string): number {
  const whole = fs.statSync(path.join(folder, 'r.rr')).size;
  const drive = ['--drive', 'id=hd0,image=disk.img,format=raw'];
  blkreplay(['record', '--kernel', guest('disk/requests'), '--rrfile', 'none.rr', '--stop-at', '0', ...drive], folder);
  return (whole - fs.statSync(path.join(folder, 'none.rr')).size) / REQUESTS;
}

/**
 * Measures only the guest's run, without opening or closing the recording, in a process that has warmed up as much as
 * the debug adapter has after a second. Measures elapsed time and this thread's processor time, which is less affected
 * by other load. V8 discards optimized code together with the objects it was compiled for, so the machines are kept
 * alive after their runs.
 */
function measureStream(folder: string, pairs: number): void {
  const image = path.join(folder, 'stream.img');
  fs.writeFileSync(image, new Uint8Array(STREAM_MIB * MIB));
  const plain: Cost[] = [];
  const recorded: Cost[] = [];
  const kept: MachineTimeline[] = [];
  for (let pair = -WARM_UP; pair < pairs; pair++) {
    const costs = [plainCalls(path.join(folder, 'plain.img')), recordStream(folder, image, kept)];
    if (pair < 0) continue;
    plain.push(costs[0]);
    recorded.push(costs[1]);
  }
  const ratio = (of: keyof Cost) => median(plain.map((cost, i) => cost[of] / recorded[i][of])).toFixed(2);
  const speed = median(recorded.map(({ seconds }) => (2 * STREAM_MIB * STREAM_PASSES) / seconds));
  line(
    'sequential 64 KiB writes and reads while recording',
    `${speed.toFixed(0)} MiB/s`,
    `${ratio('seconds')} of plain file calls`,
    'target 0.33',
    `${ratio('cpuSeconds')} by CPU time`,
  );
}

interface Cost {
  seconds: number;
  cpuSeconds: number;
}

function costOf(act: () => void): Cost {
  const cpuBefore = process.threadCpuUsage();
  const start = performance.now();
  act();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.threadCpuUsage(cpuBefore);
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}

function recordStream(folder: string, image: string, kept: MachineTimeline[]): Cost {
  const timeline = openRecord(nodeHost, {
    ...liveOptions('disk/stream', 128),
    pace: new TimedPace(),
    rrfile: path.join(folder, 's.rr'),
    drives: [{ id: 'hd0', image, format: 'raw', overlay: path.join(folder, 's.qcow2'), readOnly: false }],
  });
  const cost = costOf(() => timeline.advance(Infinity));
  timeline.close({ reason: 'powerOff' });
  kept.push(timeline);
  return cost;
}

/** Writes and reads the same bytes with plain synchronous file calls of CHUNK_BYTES each. */
function plainCalls(file: string): Cost {
  const handle = fs.openSync(file, 'w+');
  const chunk = new Uint8Array(CHUNK_BYTES).fill(7);
  const cost = costOf(() => {
    for (let pass = 0; pass < STREAM_PASSES; pass++) {
      for (let at = 0; at < STREAM_MIB * MIB; at += CHUNK_BYTES) fs.writeSync(handle, chunk, 0, CHUNK_BYTES, at);
      for (let at = 0; at < STREAM_MIB * MIB; at += CHUNK_BYTES) fs.readSync(handle, chunk, 0, CHUNK_BYTES, at);
    }
  });
  fs.closeSync(handle);
  return cost;
}

/** Measures one run of QEMU. Returns undefined if QEMU fails or does not finish. */
function qemu(folder: string, kernel: string, rr: 'record' | 'replay'): number | undefined {
  fs.copyFileSync(path.join(folder, 'disk.img'), path.join(folder, 'qemu.img'));
  const start = performance.now();
  const { status } = spawnSync(
    QEMU,
    qemuMachine(
      '128M',
      ...['-bios', 'none', '-kernel', kernel, '-icount', `shift=0,rr=${rr},rrfile=qemu.rr`],
      ...['-drive', 'file=qemu.img,format=raw,if=none,id=image'],
      ...['-drive', 'driver=blkreplay,if=none,image=image,id=disk'],
      ...['-global', 'virtio-mmio.force-legacy=false', '-device', 'virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0'],
    ),
    { cwd: folder, stdio: 'ignore', timeout: QEMU_SECONDS_MAX * 1000, killSignal: 'SIGKILL' },
  );
  return status === 0 ? (performance.now() - start) / 1000 : undefined;
}

const line = (what: string, ...figures: string[]): void =>
  console.log(`${what.padEnd(60)} ${figures.map((figure) => figure.padStart(16)).join(' ')}`);

if (import.meta.main) measureBlock(3);
