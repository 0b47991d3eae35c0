import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RecordingReader } from '../../debug-adapter/engine/index.ts';
import { EventsEncoder } from '../../debug-adapter/engine/recording/eventsEncoder.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { DapClient } from '../support/dapClient.ts';
import { LINUX_FOLDER, linuxFile, linuxLaunch } from '../support/linuxGuest.ts';
import { blkreplay, isInstalled, median, QEMU, qemuMachine, seconds } from './processes.ts';

const TARGETS = { time: 1.2, logBytes: 0.5, memoryMib: 600 };
const GUEST_MIB = 256;
const APPEND = 'console=ttyS0';

/**
 * Measures a recording of Debian's Linux from power-on to power-off: its duration, compared with that of a QEMU run
 * with `rr=record` and a disk behind QEMU's blkreplay driver; the length of its log; and the memory that the debug
 * adapter needs for it. The guest is the one that test/cli/linux.long.test.ts uses, in the folder named by
 * BLKREPLAY_LINUX_GUEST.
 */
export async function measureLinux(pairs: number): Promise<void> {
  if (LINUX_FOLDER === undefined) {
    console.log('\nLinux is skipped: BLKREPLAY_LINUX_GUEST names no folder with a Linux guest');
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  try {
    console.log(`\nLinux, power-on to power-off with its disk, median of ${pairs} pairs`);
    spawnSync('bash', [path.join(LINUX_FOLDER, 'make-disk.sh'), path.join(folder, 'disk.raw')]);
    measureTimes(folder, pairs);
    measureLog(path.join(folder, 'a.rr'));
    await measureMemory(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// --- time --------------------------------------------------------------------------------------------------------------

function measureTimes(cwd: string, pairs: number): void {
  const hasQemu = isInstalled(QEMU);
  if (!hasQemu) console.log(`  comparison with QEMU is skipped: ${QEMU} is not installed`);
  const boot = [
    '--memory',
    `${GUEST_MIB}M`,
    '--kernel',
    linuxFile('Image'),
    '--initrd',
    linuxFile('initramfs.cpio.gz'),
  ];
  const drive = 'id=hd0,image=disk.raw,format=raw';
  const options = [...boot, '--append', APPEND];
  const recorded = ['--rrfile', 'a.rr', '--drive', `${drive},overlay=a.qcow2`];
  const times = { run: [], record: [], replay: [], qemu: [] } as Record<string, number[]>;
  for (let pair = 0; pair < pairs; pair++) {
    times.run.push(blkreplay(['run', ...options, '--drive', drive], cwd));
    times.record.push(blkreplay(['record', ...options, ...recorded, '--overwrite'], cwd));
    if (hasQemu) times.qemu.push(qemuRecord(cwd));
    times.replay.push(blkreplay(['replay', ...options, ...recorded], cwd));
  }
  const beside = (other: number[]) => median(times.record.map((time, i) => time / other[i]));
  const line = (what: string, text: string) => console.log(`  ${what.padEnd(36)} ${text}`);
  for (const way of ['run', 'record', 'replay']) line(way, `${median(times[way]).toFixed(2)} s`);
  line('record, times as long as run', beside(times.run).toFixed(2));
  line('replay, times as long as record', (1 / beside(times.replay)).toFixed(2));
  if (!hasQemu) return;
  line('QEMU rr=record', `${median(times.qemu).toFixed(2)} s`);
  line('record, times as long as QEMU', `${beside(times.qemu).toFixed(2)}  (wanted: at most ${TARGETS.time})`);
}

function qemuRecord(cwd: string): number {
  spawnSync('cp', ['disk.raw', 'qemu.raw'], { cwd });
  return seconds(
    QEMU,
    qemuMachine(
      `${GUEST_MIB}M`,
      ...['-kernel', linuxFile('Image'), '-initrd', linuxFile('initramfs.cpio.gz'), '-append', APPEND],
      ...['-icount', 'shift=0,rr=record,rrfile=qemu.rr'],
      ...['-drive', 'file=qemu.raw,format=raw,if=none,id=image'],
      ...['-drive', 'driver=blkreplay,if=none,image=image,id=disk', '-device', 'virtio-blk-device,drive=disk'],
    ),
    cwd,
  );
}

// --- log ---------------------------------------------------------------------------------------------------------------

/** The total size in bytes of all log entries other than block requests, completions and digests. */
function measureLog(rrfile: string): void {
  const file = nodeHost.files.open(rrfile, { write: false, create: 'never' });
  const reader = new RecordingReader(file, nodeHost.compression);
  const encoder = new EventsEncoder(() => 0);
  let entries = 0;
  for (const entry of reader.entriesFrom(0)) {
    if (entry.kind === 'blockRequest' || entry.kind === 'blockCompletion' || entry.kind === 'digest') continue;
    encoder.add(entry);
    entries++;
  }
  const perThousand = encoder.lengthBytes / (reader.lastPosition / 1000);
  reader.close();
  console.log(
    `  ${'log, bytes per 1,000 instructions'.padEnd(36)} ${perThousand.toFixed(4)}, ${entries} entries  (wanted: at most ${TARGETS.logBytes})`,
  );
}

// --- memory ------------------------------------------------------------------------------------------------------------

async function measureMemory(cwd: string): Promise<void> {
  const client = new DapClient({ after: () => {} });
  try {
    await client.start(
      linuxLaunch(cwd, {
        ...{ idle: 'warp', append: APPEND, rrfile: 'adapter.rr', memory: `${GUEST_MIB}M` },
        drives: [{ id: 'hd0', image: 'disk.raw', format: 'raw', overlay: 'adapter.qcow2' }],
      }),
    );
    // The session stops after power-off instead of ending, so that the history can be inspected.
    const { description } = await client.event('stopped');
    const status = readFileSync(`/proc/${client.pid}/status`, 'latin1');
    const mib = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1024;
    const wanted = GUEST_MIB + TARGETS.memoryMib;
    console.log(
      `  ${'adapter, most memory of that run'.padEnd(36)} ${mib.toFixed(0)} MiB, ended by: ${String(description)}  (wanted: at most ${wanted} MiB)`,
    );
  } finally {
    await client.leave();
  }
}

if (import.meta.main) await measureLinux(Number(process.argv[2] ?? 3));
