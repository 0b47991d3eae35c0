import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bootElf } from '../../../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { Machine } from '../../../../../debug-adapter/engine/machine/machine.ts';
import { LiveInputs } from '../../../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { FakeDrive } from '../fakeBoard.ts';
import {
  type Answer,
  ANSWERS,
  type BoardOptions,
  DATE,
  decodeAnswers,
  DISK_BYTES,
  DISK_SLOT,
  encodeScript,
  type Operation,
  RAM_BYTES,
  RNG_SLOT,
  SCRIPT,
} from './operation.ts';

/**
 * The two engines that perform a script. Both run the same guest program on the same disk contents, one on blkreplay's
 * machine and one on QEMU's.
 */
const GUEST = 'test/guests/board/board.elf';
const RAM_BASE = 0x8000_0000;

/** The initial contents of the disk. */
export const diskContent = (): Uint8Array =>
  Uint8Array.from({ length: DISK_BYTES }, (_, i) => (i * 7 + (i >> 9)) & 0xff);

export function performHere(operations: readonly Operation[], board: BoardOptions): Answer[] {
  const drive = new FakeDrive({ lengthBytes: DISK_BYTES });
  drive.bytes.set(diskContent());
  const machine: Machine = new Machine({
    memoryBytes: RAM_BYTES,
    harts: board.harts,
    drives: [drive],
    driveSlots: [{ slot: DISK_SLOT, legacy: board.legacy }],
    rng: true,
    inputs: new LiveInputs([], {
      dateMilliseconds: () => DATE + machine.nanoseconds / 1e6,
      entropy: (lengthBytes) => new Uint8Array(lengthBytes),
    }),
    onConsoleByte: () => {},
  });
  bootElf(machine, { kernel: { name: GUEST, bytes: readFileSync(GUEST) } });
  machine.ram.write(SCRIPT, encodeScript(operations));
  const stop = machine.run(Number.MAX_SAFE_INTEGER);
  assert.equal(stop.kind, 'finished');
  const bytes = new Uint8Array(16 * operations.length);
  machine.ram.read(ANSWERS, bytes);
  return decodeAnswers(bytes, operations);
}

/** The guest's RAM is a file, through which QEMU receives the script and returns the answers. */
export function performInQemu(operations: readonly Operation[], board: BoardOptions): Answer[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-board-'));
  const [ram, disk] = ['ram', 'disk.img'].map((name) => path.join(folder, name));
  try {
    writeFileSync(disk, diskContent());
    writeFileSync(ram, '');
    truncateSync(ram, RAM_BYTES);
    atFile(ram, (file) => writeSync(file, encodeScript(operations), 0, undefined, SCRIPT - RAM_BASE));
    const { status, stderr, error } = spawnSync('qemu-system-riscv64', qemuArguments(board, { ram, disk }), {
      timeout: 300_000,
    });
    assert.equal(status, 0, `QEMU: ${String(error ?? stderr)}`);
    const bytes = new Uint8Array(16 * operations.length);
    atFile(ram, (file) => readSync(file, bytes, 0, bytes.length, ANSWERS - RAM_BASE));
    return decodeAnswers(bytes, operations);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function atFile(name: string, work: (file: number) => void): void {
  const file = openSync(name, 'r+');
  try {
    work(file);
  } finally {
    closeSync(file);
  }
}

/** QEMU's virtual time advances with instructions and skips idle time, as blkreplay's does. */
function qemuArguments({ harts, legacy }: BoardOptions, { ram, disk }: { ram: string; disk: string }): string[] {
  const date = new Date(DATE).toISOString().slice(0, 19);
  return [
    ...['-M', 'virt,memory-backend=ram', '-m', '32M', '-smp', String(harts), '-bios', 'none', '-kernel', GUEST],
    ...['-object', `memory-backend-file,id=ram,size=32M,mem-path=${ram},share=on`],
    ...['-display', 'none', '-serial', 'null', '-monitor', 'none', '-icount', 'shift=0,sleep=off'],
    ...['-rtc', `base=${date},clock=vm`, '-global', `virtio-mmio.force-legacy=${legacy}`],
    ...['-drive', `file=${disk},format=raw,if=none,id=hd0,discard=unmap,detect-zeroes=off`],
    ...['-device', `virtio-blk-device,drive=hd0,serial=hd0,bus=virtio-mmio-bus.${DISK_SLOT}`],
    ...['-object', 'rng-random,filename=/dev/zero,id=zeroes'],
    ...['-device', `virtio-rng-device,rng=zeroes,bus=virtio-mmio-bus.${RNG_SLOT}`],
  ];
}
