import { a, CSR, type Item } from '../../engine/machine/cpu/assembler.ts';
import { TEST_DEVICE } from '../../engine/machine/cpu/randomLayout.ts';
import { DISCARD, FLUSH, IN, OUT, WRITE_ZEROES } from '../../engine/machine/devices/guestDriver.ts';
import type { SeededRandom } from '../seededRandom.ts';
import { CLINT, PLIC } from './interrupts.ts';

/**
 * A driver that runs in the guest and sends random requests to two virtio-blk drives. All descriptors are constant
 * data; the code only adds them to the available ring, notifies the device and waits. Timer, software and external
 * interrupts occur while it waits. At the end, the guest may reset the machine once.
 */
export interface DiskRequests {
  code: Item[];
  /** The initial contents of the driver's memory, to be loaded at DRIVER_MEMORY. */
  memory: Uint8Array;
}

export const DRIVER_MEMORY = 0x8001_0000;
/** The used ring of drive 0, which the device writes when a request completes. */
export const USED_RING = DRIVER_MEMORY + 0x800;
export const DRIVES = ['hd0', 'hd1'];
/** The random requests access only sectors below this number. */
export const SECTORS = 32;
/** The sector that the guest makes nonzero before it resets the machine, so that the second boot is recognized. */
const MARKER_SECTOR = 40;

const QUEUE_SIZE = 64;
const SLOTS = [0x1000_1000, 0x1000_2000];
/** Offsets in the driver's memory. */
const MEMORY = {
  ...{ queues: 0, available: 0x400, used: 0x800, queueBytes: 0x2000 },
  ...{ headers: 0x4000, ranges: 0x5000, statuses: 0x6000, input: 0x8000, output: 0x9000, marker: 0xa000, end: 0xb000 },
};
const SECTOR_BYTES = 512;
const [NEXT, WRITABLE] = [1, 2];

interface Request {
  drive: number;
  type: number;
  sector: number;
  sectors: number;
  /** The offset of the data in the driver's memory. */
  data?: number;
}

export function diskRequests(random: SeededRandom, harts: number): DiskRequests {
  const batches = Array.from({ length: 2 + random.below(4) }, () => {
    const drive = random.below(DRIVES.length);
    return Array.from({ length: 1 + random.below(3) }, () => requestOn(random, drive));
  });
  const hasReset = random.chance(0.3);
  const marker = { drive: 0, sector: MARKER_SECTOR, sectors: 1 };
  const all = [
    ...batches,
    ...(hasReset ? [[{ ...marker, type: IN, data: MEMORY.marker }], [{ ...marker, type: OUT }]] : []),
  ];
  const restarts = all.splice(batches.length + 1);
  const code = [
    SLOTS.map(startDrive),
    startInterrupts(random, harts),
    all.map((batch, i) => submit(random, batch, `batch${i}`)),
    hasReset ? [a.li(5, DRIVER_MEMORY + MEMORY.marker), a.lw(5, 0, 5)] : [],
    hasReset ? [a.to('isSecondBoot', (offset) => a.bne(5, 0, offset))] : [],
    restarts.map((batch) => [submit(random, batch, 'marking'), a.li(5, TEST_DEVICE), a.li(6, 0x7777), a.sw(6, 0, 5)]),
    hasReset ? ['resetting:', a.j('resetting'), 'isSecondBoot:'] : [],
    a.csrw(CSR.mie, 0),
    a.csrrci(0, CSR.mstatus, 8),
  ];
  return { code, memory: memoryFor(random, [...all, ...restarts].flat()) };
}

function requestOn(random: SeededRandom, drive: number): Request {
  const sectors = 1 + random.below(4);
  const type = random.pick([IN, IN, OUT, OUT, FLUSH, DISCARD, WRITE_ZEROES]);
  return { drive, type, sectors, sector: random.below(SECTORS - sectors + 1) };
}

// --- code --------------------------------------------------------------------------------------------------------------

function startDrive(slot: number, drive: number): Item[] {
  const queue = DRIVER_MEMORY + MEMORY.queues + drive * MEMORY.queueBytes;
  const features = (1 << FLUSH_FEATURE) | (1 << DISCARD_FEATURE) | (1 << WRITE_ZEROES_FEATURE);
  const writes: [register: number, value: number][] = [
    [0x70, 0],
    [0x70, 1],
    [0x70, 3],
    [0x24, 0],
    [0x20, features],
    [0x24, 1],
    [0x20, 1],
    [0x70, 11],
    [0x30, 0],
    [0x38, QUEUE_SIZE],
    [0x80, queue],
    [0x90, queue + MEMORY.available],
    [0xa0, queue + MEMORY.used],
    [0x44, 1],
    [0x70, 15],
  ];
  return [a.li(5, slot), writes.map(([register, value]) => [a.li(6, value), a.sw(6, register, 5)])];
}

/** virtio 1.2, 5.2.3, "Feature bits". */
const [FLUSH_FEATURE, DISCARD_FEATURE, WRITE_ZEROES_FEATURE] = [9, 13, 14];

/** The drives interrupt all harts, in M-mode and in S-mode; only hart 0 takes these interrupts. */
function startInterrupts(random: SeededRandom, harts: number): Item[] {
  const contexts = Array.from({ length: 2 * harts }, (_, context) => PLIC + 0x2000 + 0x80 * context);
  return [
    a.li(5, PLIC),
    a.addi(6, 0, 1),
    [a.sw(6, 4, 5), a.sw(6, 8, 5)],
    a.addi(6, 0, 6),
    contexts.map((context) => [a.li(5, context), a.sw(6, 0, 5)]),
    a.li(5, CLINT),
    a.addi(6, 0, 1),
    random.chance(0.5) ? a.sw(6, 0, 5) : [],
    a.li(5, CLINT + 0x4000),
    a.sd(0, 0, 5),
    // Timer interrupts are always enabled, so every wait ends.
    a.li(5, 0x80 | (random.chance(0.7) ? 0x800 : 0) | (random.chance(0.7) ? 8 : 0)),
    a.csrw(CSR.mie, 5),
    a.csrrsi(0, CSR.mstatus, 8),
  ];
}

function submit(random: SeededRandom, batch: readonly Request[], name: string): Item[] {
  const [{ drive }] = batch;
  const queue = DRIVER_MEMORY + drive * MEMORY.queueBytes;
  return [
    a.addi(10, 10, 1 + random.below(100)),
    a.slli(11, 10, random.below(8)),
    a.li(5, queue + MEMORY.available),
    a.lhu(6, 2, 5),
    a.addi(6, 6, batch.length),
    a.sh(6, 2, 5),
    a.fence,
    a.li(5, SLOTS[drive]),
    a.sw(0, 0x50, 5),
    a.li(5, queue + MEMORY.used),
    `${name}wait:`,
    a.lhu(7, 2, 5),
    a.to(`${name}done`, (offset) => a.beq(7, 6, offset)),
    random.chance(0.8) ? a.wfi : a.addi(11, 11, 1),
    a.j(`${name}wait`),
    `${name}done:`,
  ];
}

// --- memory ------------------------------------------------------------------------------------------------------------

function memoryFor(random: SeededRandom, requests: readonly Request[]): Uint8Array {
  const memory = new Uint8Array(MEMORY.end);
  const view = new DataView(memory.buffer);
  memory.set(random.bytes(4 * SECTOR_BYTES), MEMORY.output);
  const counts = DRIVES.map(() => 0);
  requests.forEach(({ drive, type, sector, sectors, data }, i) => {
    const number = counts[drive]++;
    const header = MEMORY.headers + 16 * i;
    const isTransfer = type === IN || type === OUT;
    view.setUint32(header, type, true);
    view.setBigUint64(header + 8, isTransfer ? BigInt(sector) : 0n, true);
    const range = MEMORY.ranges + 16 * i;
    view.setBigUint64(range, BigInt(sector), true);
    view.setUint32(range + 8, sectors, true);
    const buffers: [offset: number, lengthBytes: number, flags: number][] = [[header, 16, 0]];
    if (type === IN) buffers.push([data ?? MEMORY.input, sectors * SECTOR_BYTES, WRITABLE]);
    else if (type === OUT) buffers.push([MEMORY.output, sectors * SECTOR_BYTES, 0]);
    else if (type !== FLUSH) buffers.push([range, 16, 0]);
    buffers.push([MEMORY.statuses + i, 1, WRITABLE]);
    const queue = drive * MEMORY.queueBytes;
    buffers.forEach(([offset, lengthBytes, flags], j) => {
      const index = 3 * number + j;
      const isLast = j === buffers.length - 1;
      const descriptor = queue + 16 * index;
      view.setBigUint64(descriptor, BigInt(DRIVER_MEMORY + offset), true);
      view.setUint32(descriptor + 8, lengthBytes, true);
      view.setUint16(descriptor + 12, flags | (isLast ? 0 : NEXT), true);
      view.setUint16(descriptor + 14, isLast ? 0 : index + 1, true);
    });
    view.setUint16(queue + MEMORY.available + 4 + 2 * number, 3 * number, true);
  });
  return memory;
}
