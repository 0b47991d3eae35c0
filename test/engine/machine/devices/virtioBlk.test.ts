/** The virtio block device performs requests in order with fixed latencies, and reports errors as specified. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtioBlk } from '../../../../debug-adapter/engine/machine/devices/virtioBlk.ts';
import { assertStateSurvives, FakeBoard, FakeDrive } from './fakeBoard.ts';
import { DISCARD, FLUSH, GET_ID, GuestDriver, IN, OUT, WRITE_ZEROES, type Request } from './guestDriver.ts';
import { SeededRandom, withSeeds } from '../../../support/seededRandom.ts';
import { longTest } from '../../../support/extent.ts';

const [OK, IO_ERROR, UNSUPPORTED] = [0, 1, 2];
const EVENT_INDEX = 1n << 29n;

function newDisk(options: { readOnly?: boolean; lengthBytes?: number; id?: string; size?: number } = {}) {
  const board = new FakeBoard();
  const drive = new FakeDrive(options);
  const disk = new VirtioBlk({ context: board, memory: board.memory, drive });
  const driver = new GuestDriver({ memory: board.memory, disk, size: options.size });
  driver.start(~EVENT_INDEX);
  /** Advances the clock to each deadline and calls `act`, until no request is in flight. */
  const finish = () => {
    while (disk.deadline() < Infinity) {
      board.nanoseconds = Math.max(board.nanoseconds, disk.deadline());
      disk.act();
    }
  };
  /** Performs one request; returns its status byte, the data that the guest read, and the used entries. */
  const run = (request: Request) => {
    const outcome = driver.request(request);
    driver.notify();
    finish();
    return { status: driver.statusOf(outcome), input: driver.inputOf(outcome), used: driver.takeUsed() };
  };
  return { board, drive, disk, driver, finish, run };
}

const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
const rangeOf = (sector: number, sectors: number, flags = 0) => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(sector), true);
  new DataView(bytes.buffer).setUint32(8, sectors, true);
  new DataView(bytes.buffer).setUint32(12, flags, true);
  return bytes;
};

test('a read returns the sectors and an OK status, and raises an interrupt', () => {
  const { board, drive, driver, run } = newDisk();
  drive.bytes.set(pattern(1024), 3 * 512);
  const { status, input, used } = run({ type: IN, sector: 3, input: 1024 });
  assert.equal(status, OK);
  assert.deepEqual(input, pattern(1024));
  assert.deepEqual(used, [{ head: 0, length: 1025 }]);
  assert.deepEqual([board.interrupt, driver.interruptStatus], [true, 1]);
  driver.acknowledge();
  assert.equal(board.interrupt, false);
  assert.deepEqual(drive.log, ['begin 0 read 1536+1024', 'complete 0 ok']);
});

test('a write reaches the drive when the request completes, with the contents of the buffer at that time', () => {
  const { board, drive, disk, driver, finish } = newDisk();
  const outcome = driver.request({ type: OUT, sector: 1, output: pattern(512) });
  driver.notify();
  assert.equal(drive.bytes[512 + 1], 0);
  assert.equal(driver.statusOf(outcome), 0xee);
  board.nanoseconds = disk.deadline();
  finish();
  assert.deepEqual(drive.bytes.subarray(512, 1024), pattern(512));
  assert.deepEqual(driver.takeUsed(), [{ head: 0, length: 1 }]);
});

test('a request takes 10 us plus a quarter nanosecond per byte, and requests complete in order', () => {
  const { board, disk, driver } = newDisk();
  board.nanoseconds = 1000;
  driver.request({ type: IN, sector: 0, input: 8192 });
  driver.request({ type: FLUSH });
  assert(board.wakes(() => driver.notify()));
  assert.equal(disk.deadline(), 1000 + 10_000 + 2048);
  board.nanoseconds = 50_000;
  driver.request({ type: IN, sector: 0, input: 512 });
  driver.notify();
  disk.act();
  assert.equal(disk.deadline(), 13_048); // The flush completed only after the read.
  disk.act();
  assert.equal(disk.deadline(), 60_128);
  disk.act();
  assert.equal(disk.deadline(), Infinity);
});

test('one notification starts all waiting requests, and each call to `act` completes one', () => {
  const { drive, disk, driver } = newDisk();
  const outcomes = [5, 6, 7].map((sector) => driver.request({ type: IN, sector, input: 512 }));
  driver.notify();
  assert.equal(drive.log.length, 3);
  disk.act();
  assert.deepEqual(
    outcomes.map((outcome) => driver.statusOf(outcome)),
    [OK, 0xee, 0xee],
  );
  disk.act();
  disk.act();
  assert.deepEqual(
    driver.takeUsed().map(({ head }) => head),
    outcomes.map(({ head }) => head),
  );
  driver.notify();
  assert.equal(disk.deadline(), Infinity);
});

test('data may be spread over many buffers, in a chain or an indirect table', () => {
  const { drive, run } = newDisk();
  const pieces = [1, 500, 11, 700];
  for (const indirect of [false, true]) {
    const written = pattern(2048).map((byte) => byte ^ (indirect ? 0xff : 0));
    assert.equal(run({ type: OUT, sector: 8, output: written, pieces, indirect }).status, OK);
    assert.deepEqual(drive.bytes.subarray(4096, 6144), written);
    assert.deepEqual(run({ type: IN, sector: 8, input: 2048, pieces, indirect }).input, written);
  }
});

test('flush, get ID, discard and write zeroes take effect and return OK', () => {
  const { drive, run } = newDisk({ id: 'hd0' });
  drive.bytes.fill(0xff);
  assert.equal(run({ type: FLUSH }).status, OK);
  const { status, input, used } = run({ type: GET_ID, input: 20 });
  assert.deepEqual([status, used[0].length], [OK, 21]);
  assert.equal(new TextDecoder().decode(input), 'hd0'.padEnd(20, '\0'));
  assert.equal(run({ type: DISCARD, output: rangeOf(2, 4) }).status, OK);
  assert.equal(run({ type: WRITE_ZEROES, output: rangeOf(10, 1, 1) }).status, OK);
  assert.deepEqual(
    drive.log.filter((line) => line.startsWith('begin')),
    ['begin 0 flush 0+0', 'begin 1 discard 1024+2048', 'begin 2 writeZeroes 5120+512'],
  );
  assert.deepEqual([drive.bytes[1023], drive.bytes[1024], drive.bytes[5120], drive.bytes[5632]], [0xff, 0, 0, 0xff]);
});

test('an ID longer than 20 characters is truncated, and a short buffer receives as many characters as fit', () => {
  const { run } = newDisk({ id: 'a-drive-with-a-long-name' });
  assert.equal(new TextDecoder().decode(run({ type: GET_ID, input: 20 }).input), 'a-drive-with-a-long-');
  assert.equal(new TextDecoder().decode(run({ type: GET_ID, input: 4 }).input), 'a-dr');
});

test('an invalid request completes with IOERR, and an unsupported one with UNSUPP', () => {
  const { drive, run } = newDisk({ lengthBytes: 64 * 1024 });
  const cases: [Request, number][] = [
    [{ type: IN, sector: 0, input: 511 }, IO_ERROR],
    [{ type: OUT, sector: 0, output: pattern(513) }, IO_ERROR],
    [{ type: IN, sector: 127, input: 1024 }, IO_ERROR],
    [{ type: OUT, sector: 128, output: pattern(512) }, IO_ERROR],
    [{ type: IN, sector: 2n ** 63n, input: 512 }, IO_ERROR],
    [{ type: DISCARD, output: rangeOf(120, 9) }, IO_ERROR],
    [{ type: DISCARD, output: rangeOf(0, 0x400000) }, IO_ERROR],
    [{ type: DISCARD, output: rangeOf(0, 1, 1) }, UNSUPPORTED],
    [{ type: WRITE_ZEROES, output: rangeOf(0, 1, 2) }, UNSUPPORTED],
    [{ type: WRITE_ZEROES, output: new Uint8Array(32) }, UNSUPPORTED],
    [{ type: 2 }, IO_ERROR], // a SCSI command without its required buffers
    [{ type: 2, output: pattern(6), input: 40, pieces: [20] }, UNSUPPORTED],
    [{ type: 10, output: rangeOf(0, 1) }, UNSUPPORTED], // a discard request, but with the direction of a read
    [{ type: DISCARD, output: rangeOf(120, 9, 1) }, IO_ERROR],
    [{ type: 0x1234, input: 512 }, UNSUPPORTED],
    [{ type: IN, sector: 128 }, OK],
    [{ type: IN, sector: 129 }, IO_ERROR],
    [{ type: FLUSH | 1 }, OK],
    [{ type: 0x8000_0000, input: 512 }, OK],
    [{ type: DISCARD, output: rangeOf(0, 0) }, OK],
  ];
  for (const [request, status] of cases) assert.equal(run(request).status, status, JSON.stringify(request, stringify));
  assert.deepEqual(drive.bytes, new Uint8Array(64 * 1024));
});

const stringify = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

test('a read-only drive offers RO, can be read, and rejects writes', () => {
  const { disk, run } = newDisk({ readOnly: true });
  assert.equal(disk.features & 32n, 32n);
  assert.equal(run({ type: IN, sector: 0, input: 512 }).status, OK);
  assert.equal(run({ type: OUT, sector: 0, output: pattern(512) }).status, IO_ERROR);
});

test('a failed read leaves the guest buffer unchanged', () => {
  const { driver, finish } = newDisk({ lengthBytes: 512 });
  const outcome = driver.request({ type: IN, sector: 1, input: 512 });
  driver.inputOf(outcome).fill(0x5a);
  driver.notify();
  finish();
  assert.deepEqual(driver.inputOf(outcome), new Uint8Array(512).fill(0x5a));
});

test('no interrupt occurs while the guest has NO_INTERRUPT set', () => {
  const { board, driver, run } = newDisk();
  board.memory.writeU16(driver.available, 1);
  run({ type: FLUSH });
  assert.equal(board.interrupt, false);
  board.memory.writeU16(driver.available, 0);
  run({ type: FLUSH });
  assert.equal(board.interrupt, true);
});

test('with the event index, only the first and the requested used entry raise an interrupt, and the device sets the available event', () => {
  const { board, disk, driver, finish } = newDisk();
  driver.start();
  driver.usedEvent = 2;
  for (let i = 0; i < 3; i++) driver.request({ type: FLUSH });
  driver.notify();
  assert.equal(driver.availableEvent, 3);
  disk.act();
  assert.equal(board.interrupt, true, 'as in QEMU, nothing was signaled since the last reset');
  driver.acknowledge();
  disk.act();
  assert.equal(board.interrupt, false);
  finish();
  assert.equal(board.interrupt, true);
});

longTest('the ring indexes wrap from 65535 to 0', () => {
  const { driver, run } = newDisk({ size: 4 });
  for (let i = 0; i < 70_000; i++) {
    driver.reuseBuffers();
    const { status, used } = run({ type: FLUSH });
    assert.equal(status, OK);
    assert.equal(used.length, 1);
  }
});

test('a reset completes requests in flight on the drive, in order, but does not write to guest memory', () => {
  const { board, drive, disk, driver } = newDisk();
  const write = driver.request({ type: OUT, sector: 0, output: pattern(512) });
  const read = driver.request({ type: IN, sector: 0, input: 512 });
  driver.notify();
  driver.register(0x070, 0);
  assert.deepEqual(drive.log.slice(2), ['complete 0 ok', 'complete 1 ok']);
  assert.deepEqual(drive.bytes.subarray(0, 512), pattern(512));
  assert.deepEqual([driver.statusOf(write), driver.statusOf(read)], [0xee, 0xee]);
  assert.deepEqual(driver.inputOf(read), new Uint8Array(512));
  assert.deepEqual([disk.deadline(), board.interrupt, driver.status], [Infinity, false, 0]);
  driver.start();
  driver.request({ type: FLUSH });
  driver.notify();
  disk.act();
  assert.equal(driver.takeUsed().length, 1);
});

test('if the host reports an error, the device throws it, and the request stays in flight', () => {
  const { drive, disk, driver } = newDisk();
  const outcome = driver.request({ type: FLUSH });
  driver.notify();
  const before = disk.saveState();
  drive.hostError = new Error('disk full');
  assert.throws(() => disk.act(), /disk full/);
  assert.deepEqual(disk.saveState(), before);
  drive.hostError = undefined;
  disk.act();
  assert.equal(driver.statusOf(outcome), OK);
});

test('requests in flight can be saved and continue in a new device, even if their descriptors have changed', () => {
  const { board, drive, disk, driver } = newDisk();
  drive.bytes.set(pattern(1024));
  const outcome = driver.request({ type: IN, sector: 0, input: 1024, pieces: [100, 500] });
  driver.notify();
  driver.memory.at(driver.descriptors, 16 * driver.size).fill(0xff);
  const fresh = new VirtioBlk({ context: board, memory: board.memory, drive });
  assertStateSurvives(disk, fresh);
  fresh.act();
  assert.deepEqual(driver.inputOf(outcome), pattern(1024));
  assert.equal(board.interrupt, true);
});

test('random requests give the same results as a plain model of the disk, across saves and loads', () => {
  withSeeds(20, (random) => {
    const { board, drive, disk: first, driver } = newDisk({ lengthBytes: 128 * 512 });
    if (random.chance(1 / 2)) driver.start();
    const model = new Uint8Array(drive.bytes);
    let disk = first;
    for (let round = 0; round < 40; round++) {
      driver.reuseBuffers();
      const expected = Array.from({ length: 1 + random.below(6) }, () => submit(random, driver, model));
      driver.notify();
      while (disk.deadline() < Infinity) {
        board.nanoseconds = disk.deadline();
        if (random.chance(1 / 4)) disk = driver.disk = reloaded(disk, board, drive);
        disk.act();
      }
      for (const check of expected) check();
      assert.equal(driver.takeUsed().length, expected.length);
      assert.deepEqual(drive.bytes, model);
    }
  });
});

function reloaded(disk: VirtioBlk, board: FakeBoard, drive: FakeDrive): VirtioBlk {
  const fresh = new VirtioBlk({ context: board, memory: board.memory, drive });
  assertStateSurvives(disk, fresh);
  return fresh;
}

/** Submits a random request and applies it to the model. Returns the check to make after completion. */
function submit(random: SeededRandom, driver: GuestDriver, model: Uint8Array): () => void {
  const sector = random.below(130);
  const sectors = 1 + random.below(4);
  const fits = sector + sectors <= 128;
  const range = model.subarray(sector * 512, (sector + sectors) * 512);
  const shape = { indirect: random.chance(1 / 2), pieces: [random.below(700), random.below(700)] };
  const type = random.pick([IN, OUT, DISCARD, WRITE_ZEROES, FLUSH]);
  const status = fits || type === FLUSH ? OK : IO_ERROR;
  const bytes = random.bytes(sectors * 512);
  const request: Request = { type, sector, ...shape };
  if (type === IN) request.input = bytes.length;
  if (type === OUT) request.output = bytes;
  if (type === DISCARD || type === WRITE_ZEROES) request.output = rangeOf(sector, sectors);
  const outcome = driver.request(request);
  if (fits && type === OUT) range.set(bytes);
  if (fits && (type === DISCARD || type === WRITE_ZEROES)) range.fill(0);
  const seen = type === IN && fits ? range.slice() : driver.inputOf(outcome).slice();
  return () => {
    assert.equal(driver.statusOf(outcome), status);
    assert.deepEqual(driver.inputOf(outcome), seen);
  };
}
