/** After the same accesses, each device's registers have the same values as in QEMU. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Clint } from '../../../../debug-adapter/engine/machine/devices/clint.ts';
import type { Device } from '../../../../debug-adapter/engine/machine/devices/device.ts';
import { EmptySlot } from '../../../../debug-adapter/engine/machine/devices/emptySlot.ts';
import { planBoot } from '../../../../debug-adapter/engine/machine/boot/bootPlan.ts';
import { GoldfishRtc } from '../../../../debug-adapter/engine/machine/devices/goldfishRtc.ts';
import { Plic } from '../../../../debug-adapter/engine/machine/devices/plic.ts';
import { Uart16550 } from '../../../../debug-adapter/engine/machine/devices/uart16550.ts';
import { VirtioBlk } from '../../../../debug-adapter/engine/machine/devices/virtioBlk.ts';
import { VirtioRng } from '../../../../debug-adapter/engine/machine/devices/virtioRng.ts';
import { FakeBoard, FakeDrive, RAM_BASE } from './fakeBoard.ts';
import { DISCARD, FLUSH, GET_ID, GuestDriver, IN, OUT, WRITE_ZEROES, type Request } from './guestDriver.ts';
import { Qtest, skipWithoutQemu } from './qtest.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';

const SEED = Number(process.env.BLKREPLAY_SEED ?? 1);
const options = { skip: skipWithoutQemu };

interface Access {
  offset: number;
  /** The value to write; undefined for a read. */
  value?: number;
}

async function compare(theirs: { base: number; qemu: Qtest }, ours: Device, sizeBytes: 1 | 4, accesses: Access[]) {
  const history: string[] = [];
  for (const { offset, value } of accesses) {
    const name = `${value === undefined ? 'read' : 'write'} ${offset.toString(16)} ${value?.toString(16) ?? ''}`;
    history.push(name);
    if (value !== undefined) {
      await theirs.qemu.write(theirs.base + offset, value, sizeBytes);
      ours.write(offset, value, sizeBytes);
      continue;
    }
    const expected = await theirs.qemu.read(theirs.base + offset, sizeBytes);
    assert.equal(ours.read(offset, sizeBytes), expected, `seed ${SEED}, after ${history.slice(-12).join('; ')}`);
  }
}

test('UART: any sequence of accesses returns the same values as in QEMU', options, async () => {
  const random = new SeededRandom(SEED);
  const qemu = new Qtest();
  const uart = new Uart16550({ context: new FakeBoard(), transmit: () => undefined });
  const accesses = Array.from({ length: 4000 }, () => uartAccess(random));
  await compare({ base: 0x1000_0000, qemu }, uart, 1, accesses).finally(() => qemu.close());
});

/** Input comes from the loopback. The trigger level stays 1, because QEMU's character timeout needs a running clock. */
function uartAccess(random: SeededRandom): Access {
  const offset = random.below(8);
  if (random.chance(1 / 2)) return { offset };
  const masks = [0xff, 0xff, 0x3f, 0xbf, 0xff, 0xff, 0xff, 0xff];
  return { offset, value: random.uint32() & masks[offset] };
}

test('CLINT: msip and mtimecmp read as in QEMU', options, async () => {
  const random = new SeededRandom(SEED);
  const qemu = new Qtest();
  const clint = new Clint({ context: new FakeBoard() });
  const offsets = [0, 4, 0x4000, 0x4004, 0x4008];
  const accesses = Array.from({ length: 300 }, () => ({
    offset: random.pick(offsets),
    value: random.chance(1 / 2) ? random.uint32() : undefined,
  }));
  await compare({ base: 0x200_0000, qemu }, clint, 4, accesses).finally(() => qemu.close());
});

test('PLIC: priorities, enables and thresholds read as in QEMU', options, async () => {
  const random = new SeededRandom(SEED);
  const qemu = new Qtest();
  const plic = new Plic({ context: new FakeBoard() });
  const offsets = [4, 0x17c, 0x1000, 0x2000, 0x2004, 0x2088, 0x200c, 0x200000, 0x201000, 0x202000];
  const accesses = Array.from({ length: 500 }, () => plicAccess(random, random.pick(offsets)));
  await compare({ base: 0xc00_0000, qemu }, plic, 4, accesses).finally(() => qemu.close());
});

/**
 * Returns a random access to the PLIC. Writes leave the enable bit of source 0 clear, because QEMU stores this bit
 * although the specification hardwires it to 0. Only three-bit values are written to the priority registers.
 */
function plicAccess(random: SeededRandom, offset: number): Access {
  if (random.chance(1 / 2)) return { offset };
  const bits = offset < 0x1000 || offset >= 0x200000 ? 7 : 0xfffffffe;
  return { offset, value: (random.uint32() & bits) >>> 0 };
}

test('an interrupt passes from the UART through the PLIC as in QEMU', options, async () => {
  const qemu = new Qtest();
  const board = new FakeBoard();
  const plic = new Plic({ context: board });
  board.setInterrupt = (level) => plic.setLevel(10, level);
  const uart = new Uart16550({ context: board, transmit: () => undefined });
  const claim = 0x201004;
  const toPlic = (accesses: Access[]) => compare({ base: 0xc00_0000, qemu }, plic, 4, accesses);
  const toUart = (accesses: Access[]) => compare({ base: 0x1000_0000, qemu }, uart, 1, accesses);
  try {
    await toPlic([{ offset: 40, value: 1 }, { offset: 0x2080, value: 1 << 10 }]); // prettier-ignore
    for (let round = 0; round < 3; round++) {
      await toUart([{ offset: 1, value: 2 }]);
      await toPlic([{ offset: 0x1000 }, { offset: claim }, { offset: 0x1000 }, { offset: claim }]);
      await toUart([{ offset: 2 }]);
      await toPlic([{ offset: claim, value: 10 }, { offset: 0x1000 }, { offset: claim }]); // prettier-ignore
      await toUart([{ offset: 1, value: 0 }]);
    }
    await toUart([{ offset: 1, value: 2 }, { offset: 2 }]); // The read of IIR lowers the line before the claim.
    await toPlic([{ offset: 0x1000 }, { offset: claim }]);
  } finally {
    qemu.close();
  }
});

for (const legacy of [false, true]) {
  test(`an empty ${legacy ? 'legacy' : 'modern'} virtio slot reads as in QEMU`, options, async () => {
    const qemu = new Qtest(['-global', `virtio-mmio.force-legacy=${legacy}`]);
    const accesses = Array.from({ length: 0x200 / 4 }, (_, i) => ({ offset: 4 * i }));
    const slot = new EmptySlot({ name: 'virtio0', legacy });
    await compare({ base: 0x1000_1000, qemu }, slot, 4, accesses).finally(() => qemu.close());
  });
}

test('RTC: any sequence of accesses returns the same values as in QEMU', options, async () => {
  const random = new SeededRandom(SEED);
  const qemu = new Qtest(['-rtc', 'base=2023-11-14T22:13:20,clock=vm']);
  const board = new FakeBoard();
  const rtc = new GoldfishRtc({ context: board, hostTime: () => 1_700_000_000_000 });
  const plic = new Plic({ context: new FakeBoard() });
  board.setInterrupt = (level) => plic.setLevel(11, level);
  try {
    for (let round = 0; round < 300; round++) {
      const accesses = Array.from({ length: 6 }, () => rtcAccess(random));
      await compare({ base: 0x10_1000, qemu }, rtc, 4, accesses);
      await compare({ base: 0xc00_0000, qemu }, plic, 4, [{ offset: 0x1000 }]);
    }
  } finally {
    qemu.close();
  }
});

/** A random access. Alarms are set about a second after the clock's initial time, and clock changes are small. */
function rtcAccess(random: SeededRandom): Access {
  const offset = 4 * random.below(9);
  if (random.chance(1 / 2)) return { offset };
  const isHigh = offset === 4 || offset === 12;
  return { offset, value: isHigh ? RTC_HIGH + random.below(3) : random.uint32() };
}

const RTC_HIGH = Math.floor((1_700_000_000 * 1e9) / 2 ** 32);

test('virtio-rng registers read as in QEMU', options, async () => {
  const qemu = new Qtest(['-device', 'virtio-rng-device']);
  const board = new FakeBoard();
  const entropy = (lengthBytes: number) => new Uint8Array(lengthBytes).fill(0xa5);
  const rng = new VirtioRng({ name: 'virtio7', context: board, memory: board.memory, entropy });
  try {
    const reads = [0, 4, 8, 0xc, 0x34, 0x44, 0x60, 0x70, 0x100].map((offset) => ({ offset }));
    await compare({ base: LAST_SLOT, qemu }, rng, 4, reads);
    assert.equal(rng.read(0x10, 4), await qemu.read(LAST_SLOT + 0x10, 4), 'the lower feature bits');
  } finally {
    qemu.close();
  }
});

test("the boot ROM is identical to QEMU's, for kernels with and without firmware", options, async () => {
  const kernel = { name: 'oslet.elf', bytes: readFileSync('test/guests/kernel/oslet.elf') };
  const plan = planBoot({ kernel }, 128 << 20);
  const qemu = new Qtest(['-kernel', 'test/guests/kernel/oslet.elf']);
  try {
    const theirs = await qemu.readBytes(0x1000, plan.rom.length);
    // blkreplay's device tree is shorter than QEMU's and may be at a different address.
    assert.deepEqual(plan.rom.subarray(0, 0x20), theirs.subarray(0, 0x20));
    assert.deepEqual(plan.rom.subarray(0x28), theirs.subarray(0x28));
  } finally {
    qemu.close();
  }
});

const DISK_BYTES = 256 * 512;
/** The address of the last slot, which QEMU uses if there is only one `-device` option. */
const LAST_SLOT = 0x1000_8000;

/** Runs a test on QEMU and on blkreplay's device, each with a disk that has the same contents. */
async function withDisks(
  story: (qemu: Qtest, ours: ReturnType<typeof newDisk>, file: string) => Promise<void>,
  legacy = false,
) {
  const folder = mkdtempSync(join(tmpdir(), 'blkreplay-disk-'));
  const file = join(folder, 'disk.img');
  writeFileSync(file, new Uint8Array(DISK_BYTES));
  const drive = `file=${file},format=raw,if=none,id=hd0,discard=unmap,detect-zeroes=off`;
  const transport = ['-global', `virtio-mmio.force-legacy=${legacy}`];
  const qemu = new Qtest(['-drive', drive, '-device', 'virtio-blk-device,drive=hd0,serial=hd0', ...transport]);
  try {
    await story(qemu, newDisk(legacy), file);
  } finally {
    qemu.close();
    rmSync(folder, { recursive: true });
  }
}

function newDisk(legacy: boolean) {
  const board = new FakeBoard();
  const drive = new FakeDrive({ lengthBytes: DISK_BYTES });
  const disk = new VirtioBlk({ context: board, memory: board.memory, drive, legacy });
  return { board, drive, disk, driver: new GuestDriver({ memory: board.memory, disk, legacy }) };
}

test('virtio-mmio registers read as in QEMU, except for features that blkreplay lacks', options, async () => {
  await withDisks(async (qemu, { disk }) => {
    const offsets = [0, 4, 8, 0xc, 0x34, 0x44, 0x60, 0x70, 0xb0, 0xb4, 0xfc, 0x100, 0x104, 0x10c, 0x114, 0x124, 0x128];
    offsets.push(0x12c, 0x130, 0x134, 0x13c);
    await compare({ base: LAST_SLOT, qemu }, disk, 4, offsets.map((offset) => ({ offset }))); // prettier-ignore
    for (const [select, leftOut] of [
      [0, 0x0000_0c10],
      [1, 0x100],
    ]) {
      // prettier-ignore
      await qemu.write(LAST_SLOT + 0x14, select, 4);
      disk.write(0x14, select, 4);
      assert.equal((disk.read(0x10, 4) | leftOut) >>> 0, await qemu.read(LAST_SLOT + 0x10, 4));
    }
    // FEATURES_OK stays set even if the driver accepts a feature that was not offered.
    const negotiation: Access[] = [{ offset: 0x70, value: 3 }, { offset: 0x20, value: 0xffffffff }]; // prettier-ignore
    negotiation.push({ offset: 0x70, value: 11 }, { offset: 0x70 }, { offset: 0x70, value: 0 }, { offset: 0x70 });
    await compare({ base: LAST_SLOT, qemu }, disk, 4, negotiation);
  });
});

test('legacy virtio-mmio registers read as in QEMU, except for features that blkreplay lacks', options, async () => {
  await withDisks(async (qemu, { disk }) => {
    const offsets = [0, 4, 8, 0xc, 0x34, 0x40, 0x44, 0x60, 0x70, 0xb0, 0xfc, 0x100, 0x104, 0x10c, 0x114, 0x124, 0x13c];
    const reads = offsets.map((offset) => ({ offset }));
    await compare({ base: LAST_SLOT, qemu }, disk, 4, reads);
    // QEMU also offers GEOMETRY, SCSI, TOPOLOGY, CONFIG_WCE and NOTIFY_ON_EMPTY, but no feature above bit 31.
    for (const [select, leftOut] of [
      [0, 0x0100_0c90],
      [1, 0],
    ]) {
      await qemu.write(LAST_SLOT + 0x14, select, 4);
      disk.write(0x14, select, 4);
      assert.equal((disk.read(0x10, 4) | leftOut) >>> 0, await qemu.read(LAST_SLOT + 0x10, 4));
    }
    const story: [number, number][] = [[0x70, 3], [0x28, 4096], [0x30, 0], [0x38, 8], [0x3c, 4096], [0x40, 0x80001]]; // prettier-ignore
    story.push([0x70, 7], [0x44, 1], [0x80, 0x1234], [0x40, 0x80002], [0x40, 0], [0x28, 0], [0x40, 0x8000_1000]);
    story.push([0x70, 0], [0x38, 16], [0x40, 0x8000_4000]);
    const accesses = story.flatMap(([offset, value]) => [{ offset, value }, ...reads]);
    await compare({ base: LAST_SLOT, qemu }, disk, 4, accesses);
  }, true);
});

for (const legacy of [false, true]) {
  const which = legacy ? 'legacy' : 'modern';
  test(`${which} virtio-blk requests give the same status, data and used ring as in QEMU`, options, () =>
    compareRequests(legacy),
  );
}

async function compareRequests(legacy: boolean): Promise<void> {
  await withDisks(async (qemu, { board, drive, disk, driver }, file) => {
    const random = new SeededRandom(SEED);
    mirrorWrites(qemu, disk);
    driver.start(~(1n << 29n));
    for (let round = 0; round < 60; round++) {
      driver.reuseBuffers();
      const request = randomRequest(random);
      driver.request(request);
      await qemu.writeBytes(RAM_BASE, board.memory.at(RAM_BASE, SHARED_BYTES));
      driver.notify();
      disk.act();
      driver.acknowledge();
      await used(qemu, driver, round + 1);
      const theirs = await qemu.readBytes(RAM_BASE, SHARED_BYTES);
      const ours = board.memory.at(RAM_BASE, SHARED_BYTES);
      assert.deepEqual(ours, theirs, `seed ${SEED}: ${JSON.stringify({ ...request, output: request.output?.length })}`);
    }
    assert.deepEqual(drive.bytes, new Uint8Array(readFileSync(file)));
  }, legacy);
}

/** The size of the memory that contains the rings and buffers of one request. */
const SHARED_BYTES = 0x14000;

/** Forwards each register write of the test's driver to QEMU as well. */
function mirrorWrites(qemu: Qtest, disk: VirtioBlk): void {
  const write = disk.write.bind(disk);
  disk.write = (offset, value, sizeBytes) => {
    void qemu.write(LAST_SLOT + offset, value, sizeBytes);
    write(offset, value, sizeBytes);
  };
}

/** Waits until QEMU has completed the request, because its disk I/O takes real time. */
async function used(qemu: Qtest, driver: GuestDriver, count: number): Promise<void> {
  for (let tries = 0; tries < 10_000; tries++) {
    const [low, high] = await qemu.readBytes(driver.used + 2, 2);
    if (low + 256 * high === count) return;
  }
  assert.fail(`QEMU did not complete request ${count}`);
}

function randomRequest(random: SeededRandom): Request {
  const type = random.pick([IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES, 99]);
  const sector = random.below(270);
  const sectors = 1 + random.below(6);
  const request: Request = { type, sector, indirect: random.chance(1 / 2) };
  request.pieces = [random.below(900), random.below(900), random.below(900)];
  const lengthBytes = sectors * 512 - (random.chance(1 / 8) ? 1 : 0);
  if (type === IN) request.input = lengthBytes;
  if (type === OUT) request.output = random.bytes(lengthBytes);
  if (type === GET_ID) request.input = 20;
  if (type === DISCARD || type === WRITE_ZEROES) {
    const range = new DataView(new ArrayBuffer(16));
    range.setBigUint64(0, BigInt(sector), true);
    range.setUint32(8, sectors, true);
    // If a request had both errors, QEMU would report the invalid range and blkreplay the invalid flags.
    if (sector + sectors <= DISK_BYTES / 512) range.setUint32(12, random.pick([0, 0, 1, 2]), true);
    request.output = new Uint8Array(range.buffer);
  }
  return request;
}
