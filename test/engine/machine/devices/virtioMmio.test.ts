/** The virtio-mmio transport implements version 2 as QEMU does, and no guest access can crash it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmptySlot } from '../../../../debug-adapter/engine/machine/devices/emptySlot.ts';
import { VirtioBlk } from '../../../../debug-adapter/engine/machine/devices/virtioBlk.ts';
import { FakeBoard, FakeDrive, RAM_BASE } from './fakeBoard.ts';
import { FLUSH, GuestDriver, IN, INDIRECT, NEXT, OUT, WRITABLE, writeDescriptor } from './guestDriver.ts';
import { SeededRandom, withSeeds } from '../../../support/seededRandom.ts';

const STATUS = 0x070;
const NEEDS_RESET = 64;
const RAM_END = RAM_BASE + 1024 * 1024;

function newDisk() {
  const board = new FakeBoard();
  const drive = new FakeDrive();
  const disk = new VirtioBlk({ context: board, memory: board.memory, drive });
  const driver = new GuestDriver({ memory: board.memory, disk });
  return { board, drive, disk, driver };
}

test('magic, version, device ID and vendor ID can be read', () => {
  const { disk } = newDisk();
  assert.deepEqual(
    [0, 4, 8, 12, 0xfc].map((offset) => disk.read(offset, 4)),
    [0x74726976, 2, 2, 0x554d4551, 0],
  );
});

test('in an empty slot only magic, version and vendor can be read, at any access width', () => {
  const slot = new EmptySlot({ name: 'virtio5' });
  slot.write();
  const values = Array.from({ length: 0x200 / 4 }, (_, i) => slot.read(4 * i, 4)).filter((value) => value !== 0);
  assert.deepEqual(values, [0x74726976, 2, 0x554d4551]);
  assert.deepEqual([slot.read(0, 1), slot.read(8, 1)], [0x76, 0]);
  slot.loadState();
  assert.deepEqual(slot.saveState(), {});
});

test('features are read in two words, and accepted features that were not offered are dropped', () => {
  const { disk, driver } = newDisk();
  const offered = [0, 1, 2].map((select) => {
    driver.register(0x014, select);
    return disk.read(0x010, 4);
  });
  // The offered features: SEG_MAX, BLK_SIZE, FLUSH, DISCARD, WRITE_ZEROES, INDIRECT_DESC and EVENT_IDX; VERSION_1 in
  // the second word.
  assert.deepEqual(offered, [0x3000_6244, 1, 1]);
  driver.register(0x024, 0);
  driver.register(0x020, 0xffff_ffff);
  driver.register(STATUS, 11);
  assert.equal(driver.status, 11);
  assert.equal((disk.saveState().transport as { negotiated: bigint }).negotiated, 0x3000_6244n);
});

test('configuration space has the fields of the offered features, at any access size', () => {
  const { disk } = newDisk();
  const word = (offset: number) => disk.read(0x100 + offset, 4);
  assert.deepEqual([word(0), word(4), word(12), word(20)], [2048, 0, 254, 512]);
  assert.deepEqual([36, 40, 44, 48, 52].map(word), [0x3fffff, 1, 1, 0x3fffff, 1]);
  assert.deepEqual([disk.read(0x138, 1), disk.read(0x115, 1), disk.read(0x114, 2)], [1, 2, 512]);
  assert.deepEqual([disk.read(0x13c, 4), disk.read(0x13c, 1)], [0xffffffff, 0xff]);
  disk.write(0x100, 1, 4);
  assert.equal(word(0), 2048);
});

test('there is one queue of up to 1024 entries', () => {
  const { disk, driver } = newDisk();
  assert.equal(disk.read(0x034, 4), 1024);
  driver.register(0x030, 1);
  assert.equal(disk.read(0x034, 4), 0);
  driver.register(0x050, 1);
});

test('as in QEMU, QUEUE_READY of a missing queue is writable, and a queue selector that is too large is ignored', () => {
  const { disk, driver } = newDisk();
  driver.register(0x030, 1023);
  driver.register(0x044, 1);
  driver.register(0x030, 1024);
  assert.deepEqual([disk.read(0x034, 4), disk.read(0x044, 4)], [0, 1]);
  driver.register(0x030, 0);
  assert.deepEqual([disk.read(0x034, 4), disk.read(0x044, 4)], [1024, 0]);
});

test('writing status 0 resets everything except selectors, written features and the queue registers', () => {
  const { disk, driver } = newDisk();
  const atPowerOn = disk.saveState();
  const left = ['driverFeatures', 'driverFeaturesSelect', 'deviceFeaturesSelect', 'queueRegisters'] as const;
  driver.start();
  driver.register(0x014, 1);
  driver.request({ type: FLUSH });
  driver.notify();
  disk.act();
  driver.register(STATUS, 0);
  const [now, before] = [disk.saveState(), atPowerOn].map(({ transport }) => transport as Record<string, unknown>);
  for (const field of left) {
    assert.notDeepEqual(now[field], before[field], field);
    now[field] = before[field];
  }
  assert.deepEqual(now, before);
});

test('registers respond to 32-bit accesses only', () => {
  const { disk, driver } = newDisk();
  driver.start();
  disk.write(STATUS, 0, 1);
  assert.equal(driver.status, 15);
  assert.equal(disk.read(STATUS, 1), 0);
});

test('as in QEMU, a QUEUE_READY of 0 does not stop the queue, and only a reset restarts it at index 0', () => {
  const { disk, driver } = newDisk();
  driver.start();
  driver.request({ type: FLUSH });
  driver.notify();
  driver.register(0x044, 0);
  assert.equal(disk.read(0x044, 4), 0);
  disk.act();
  assert.equal(driver.takeUsed().length, 1);
  driver.register(0x044, 1);
  driver.request({ type: FLUSH });
  driver.notify();
  disk.act();
  assert.equal(driver.takeUsed().length, 1);
  driver.start();
  driver.request({ type: FLUSH });
  driver.notify();
  disk.act();
  assert.equal(driver.takeUsed().length, 1);
});

test('if a legacy driver makes its queue invalid, the device does not notify the driver, and ignores the queue until a reset', () => {
  const { board, disk, driver } = newDisk();
  driver.start(0xffff_ffffn);
  driver.offer(driver.size);
  driver.notify();
  assert.deepEqual([driver.status, board.interrupt], [15, false]);
  driver.request({ type: FLUSH });
  driver.notify();
  assert.equal(disk.deadline(), Infinity);
});

test('the guest can write the status bit NEEDS_RESET, without any effect', () => {
  const { disk, driver } = newDisk();
  driver.start();
  driver.offer(driver.size);
  driver.notify();
  driver.register(STATUS, 15);
  assert.equal(driver.status, 15);
  driver.request({ type: FLUSH });
  driver.notify();
  assert.equal(disk.deadline(), Infinity);
});

type Breakage = (driver: GuestDriver) => void;

const violations: Record<string, Breakage> = {
  'a cyclic chain': (driver) => {
    driver.descriptor(0, { address: RAM_BASE, length: 16, flags: NEXT, next: 1 });
    driver.descriptor(1, { address: RAM_BASE, length: 16, flags: NEXT, next: 0 });
    driver.offer(0);
  },
  'a descriptor past the table': (driver) => driver.offer(driver.size),
  'a next descriptor past the table': (driver) => {
    driver.descriptor(0, { address: RAM_BASE, length: 16, flags: NEXT, next: driver.size });
    driver.offer(0);
  },
  'an available index too far ahead': (driver) => driver.memory.writeU16(driver.available + 2, driver.size + 1),
  'a buffer below RAM': (driver) => driver.offer(driver.chain([{ address: 0, length: 16, writable: false }])),
  'a buffer that crosses the end of RAM': (driver) =>
    driver.offer(driver.chain([{ address: RAM_END - 8, length: 16, writable: false }])),
  'a buffer at 2^64 - 16': (driver) => {
    driver.descriptor(0, { address: 2n ** 64n - 16n, length: 16 });
    driver.offer(0);
  },
  'an empty buffer': (driver) => driver.offer(driver.chain([{ address: RAM_BASE, length: 0, writable: false }])),
  'a readable buffer after a writable one': (driver) =>
    driver.offer(
      driver.chain([
        { address: RAM_BASE, length: 16, writable: true },
        { address: RAM_BASE, length: 16, writable: false },
      ]),
    ),
  'no header': (driver) => driver.offer(driver.chain([{ address: RAM_BASE, length: 1, writable: true }])),
  'no status': (driver) => driver.offer(driver.chain([{ address: RAM_BASE, length: 16, writable: false }])),
  'a discard without a range': (driver) => void driver.request({ type: 11, output: new Uint8Array(8) }),
  'an indirect table with a partial descriptor': (driver) => {
    driver.descriptor(0, { address: RAM_BASE, length: 24, flags: INDIRECT });
    driver.offer(0);
  },
  'an empty indirect table': (driver) => {
    driver.descriptor(0, { address: RAM_BASE, length: 0, flags: INDIRECT });
    driver.offer(0);
  },
  'an indirect table outside RAM': (driver) => {
    driver.descriptor(0, { address: RAM_END - 16, length: 32, flags: INDIRECT });
    driver.offer(0);
  },
  'a cyclic indirect table': (driver) => {
    const table = driver.allocate(16);
    writeDescriptor(driver.memory, table, { address: RAM_BASE, length: 16, flags: WRITABLE | NEXT, next: 0 });
    driver.descriptor(0, { address: table, length: 16, flags: INDIRECT });
    driver.offer(0);
  },
};

for (const [what, violate] of Object.entries(violations)) {
  test(`${what} sets NEEDS_RESET, and the device works again after a reset`, () => {
    const { board, disk, driver } = newDisk();
    driver.start();
    violate(driver);
    driver.notify();
    assert.equal(driver.status, 15 | NEEDS_RESET);
    assert.deepEqual([driver.interruptStatus, board.interrupt], [3, true]);
    assert.equal(disk.read(0xfc, 4), 1, 'the configuration generation');
    driver.start();
    driver.request({ type: FLUSH });
    driver.notify();
    disk.act();
    assert.equal(driver.takeUsed().length, 1);
  });
}

test('NEEDS_RESET is set if a guest offers more chains than the queue has entries', () => {
  const { driver } = newDisk();
  driver.start();
  const head = driver.request({ type: FLUSH }).head;
  for (let i = 1; i < driver.size; i++) driver.offer(head);
  driver.notify();
  assert.equal(driver.status, 15);
  driver.offer(head);
  driver.notify();
  assert.equal(driver.status, 15 | NEEDS_RESET);
});

test('as in QEMU, an indirect descriptor may have NEXT, and INDIRECT is ignored inside an indirect table', () => {
  const { disk, driver } = newDisk();
  driver.start();
  const [header, status] = [driver.location(new Uint8Array(16).fill(4, 0, 1)), driver.location(Uint8Array.of(0xee))];
  const table = driver.allocate(32);
  writeDescriptor(driver.memory, table, { address: header, length: 16, flags: INDIRECT | NEXT, next: 1 });
  writeDescriptor(driver.memory, table + 16, { address: status, length: 1, flags: INDIRECT | WRITABLE });
  driver.descriptor(0, { address: table, length: 32, flags: INDIRECT | NEXT, next: 1 });
  driver.offer(0);
  driver.notify();
  disk.act();
  assert.equal(driver.memory.at(status, 1)[0], 0);
});

test('a queue at an invalid address sets NEEDS_RESET; an invalid queue size is ignored', () => {
  const location = (registers: [number, number][]) => {
    const { driver, disk } = newDisk();
    driver.start();
    driver.register(0x044, 0);
    for (const [offset, value] of registers) driver.register(offset, value);
    driver.register(0x044, 1);
    return [driver.status & NEEDS_RESET, disk.read(0x044, 4)];
  };
  assert.deepEqual(location([]), [0, 1]);
  const good: [number, number][] = [[0x038, 0], [0x038, 48], [0x038, 2048], [0x080, 0x80001008], [0x0a0, 0x80001002]]; // prettier-ignore
  for (const registers of good) assert.deepEqual(location([registers]), [0, 1], String(registers));
  const wrong: [number, number][] = [[0x080, 8], [0x090, RAM_END - 64], [0x0a0, RAM_END - 64], [0x0a4, 1], [0x094, 0xffffffff]]; // prettier-ignore
  for (const registers of wrong) assert.deepEqual(location([registers]), [NEEDS_RESET, 1], String(registers));
});

test('after NEEDS_RESET the device completes requests in flight on the drive but does not report them to the guest', () => {
  const { drive, disk, driver } = newDisk();
  driver.start();
  const outcome = driver.request({ type: OUT, sector: 0, output: new Uint8Array(512).fill(1) });
  driver.notify();
  driver.offer(driver.size);
  driver.notify();
  disk.act();
  assert.equal(drive.bytes[0], 1);
  assert.equal(driver.statusOf(outcome), 0xee);
  assert.deepEqual(driver.takeUsed(), []);
});

test('before DRIVER_OK a failure raises no interrupt', () => {
  const { board, driver } = newDisk();
  driver.start();
  driver.register(STATUS, 11);
  driver.offer(driver.size);
  driver.notify();
  assert.deepEqual([driver.status, board.interrupt], [11 | NEEDS_RESET, false]);
});

test('random corruption by the guest cannot crash or hang the device, and its interrupt line matches the status', () => {
  withSeeds(100, (random) => {
    const { board, disk, driver } = newDisk();
    driver.start(random.chance(1 / 2) ? undefined : 0n);
    for (let step = 0; step < 200; step++) {
      corruptQueue(random, driver);
      if (disk.deadline() < Infinity && random.chance(1 / 2)) disk.act();
      const { isBroken } = disk.saveState().transport as { isBroken: boolean };
      if (isBroken) driver.start();
      assert.equal(board.interrupt, driver.interruptStatus !== 0);
    }
    const fresh = new VirtioBlk({ context: board, memory: board.memory, drive: new FakeDrive() });
    fresh.loadState(disk.saveState());
    assert.deepEqual(fresh.saveState(), disk.saveState());
  });
});

/** Usually makes complete requests, and sometimes corrupts a word of the rings or descriptors, or a register. */
function corruptQueue(random: SeededRandom, driver: GuestDriver): void {
  driver.reuseBuffers();
  switch (random.below(8)) {
    case 0:
      return driver.memory.writeU16(driver.descriptors + 2 * random.below(512), random.below(70));
    case 1:
      return driver.memory.writeU32(driver.descriptors + 4 * random.below(256), random.uint32());
    case 2:
      return driver.memory.writeU16(driver.available + 2 * random.below(66), random.below(80));
    case 3:
      return driver.register(4 * random.below(64), random.chance(1 / 2) ? random.uint32() : random.below(16));
    default:
      driver.request({
        type: random.pick([IN, OUT, FLUSH, 8, 11, 13]),
        sector: random.below(3000),
        input: random.below(3000),
        output: random.bytes(random.below(100)),
        indirect: random.chance(1 / 2),
      });
      driver.notify();
  }
}
