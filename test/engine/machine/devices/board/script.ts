import type { SeededRandom } from '../../../../support/seededRandom.ts';
import { isIncluded } from './exceptions.ts';
import {
  type BoardOptions,
  isAccess,
  type Operation,
  OPERATIONS_MAX,
  SHARED,
  SHARED_BYTES,
  type Width,
} from './operation.ts';
import { clintOperations, testDeviceOperations, plicOperations, RtcWriter, uartOperations } from './smallDevices.ts';
import { SlotDriver } from './slotDriver.ts';

/**
 * A random script: valid and invalid accesses of all widths to all devices on the board, mixed with waits, interrupt
 * claims and reads of interrupt lines. The times of the two engines differ slightly, because disk I/O takes real time.
 * Results that depend on time are therefore read only long before or after they change.
 */
export function randomScript(random: SeededRandom, board: BoardOptions, accesses: number): Operation[] {
  const script = new Script(board);
  const slots = Array.from({ length: 8 }, (_, slot) => new SlotDriver(script, random, slot));
  const rtc = new RtcWriter(script, random);
  const generators: [weight: number, turn: () => void][] = [
    [30, () => uartOperations(script, random)],
    [25, () => plicOperations(script, random)],
    [12, () => clintOperations(script, random)],
    [8, () => rtc.operations()],
    [2, () => testDeviceOperations(script, random)],
    [22, () => slots[random.pick([0, 0, 0, 7, 7, random.below(8)])].operations()],
    [6, () => unmappedAccess(script, random)],
    [12, () => script.add({ kind: 'lines' })],
    [board.harts === 2 ? 4 : 0, () => script.add({ kind: 'otherLines' })],
    [1, () => script.pass()],
  ];
  script.begin();
  while (script.accesses < accesses && script.operations.length < OPERATIONS_MAX - 1000) {
    if (script.sinceWait > 300) script.pass();
    pickWeighted(random, generators)();
  }
  return script.operations;
}

/**
 * Accesses to unmapped addresses, and accesses of a width that the device does not support. They cause an access fault
 * and have no other effect.
 */
function unmappedAccess(script: Script, random: SeededRandom): void {
  const address = random.pick([
    0x10_1024, 0x10_1ffc, 0x10_2000, 0x200_c000, 0x200_fffc, 0x201_0000, 0x0bff_fff8, 0x0c60_0000, 0x1000_0008,
    0x1000_00f8, 0x1000_0100, 0x1000_1200, 0x1000_1ff8, 0x1000_8200, 0x1000_9000, 0x0200_3ffc, 0x0200_4000,
  ]); // prettier-ignore
  script.access(random, address, random.pick([1, 2, 4, 8]), BigInt(random.uint32()));
}

function pickWeighted(random: SeededRandom, generators: [number, () => void][]): () => void {
  let left = random.below(generators.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, turn] of generators) {
    if (left < weight) return turn;
    left -= weight;
  }
  throw new Error('unreachable');
}

/** The length of a wait in ticks: 10 s, after which every UART timeout has expired. */
export const WAIT_TICKS = 100_000_000;

export class Script {
  readonly operations: Operation[] = [];
  readonly board: BoardOptions;
  accesses = 0;
  sinceWait = 0;
  /** Seconds since the start, not counting the time for instructions and disk I/O. */
  seconds = 0;

  constructor(board: BoardOptions) {
    this.board = board;
  }

  /** Starts a script with a UART divisor that makes timeouts long compared with instruction times. */
  begin(): void {
    const first: [number, bigint][] = [[3, 0x83n], [1, 0x40n], [0, 0n], [3, 3n]]; // prettier-ignore
    for (const [offset, value] of first) this.write(0x1000_0000 + offset, 1, value);
    this.read(0x10_1000, 4, false); // the first read sets the clock's date
    for (let at = SHARED; at < SHARED + 64; at += 8) this.write(at, 8, 0n);
  }

  add(operation: Operation): void {
    if (!isIncluded(operation, this.board)) return;
    this.operations.push(operation);
    this.sinceWait++;
    if (isAccess(operation)) this.accesses++;
  }

  read(address: number, bytes: Width, isTold = true): void {
    this.add(isTold ? { kind: 'read', address, bytes } : { kind: 'read', address, bytes, isTold });
  }

  write(address: number, bytes: Width, value: bigint): void {
    this.add({ kind: 'write', address, bytes, value: BigInt.asUintN(8 * bytes, value) });
  }

  /** Adds either a read or a write. */
  access(random: SeededRandom, address: number, bytes: Width, value: bigint): void {
    if (random.chance(1 / 2)) this.read(address, bytes);
    else this.write(address, bytes, value);
  }

  /** Adds a wait, so that timers and timeouts expire. */
  pass(): void {
    this.add({ kind: 'wait', ticks: WAIT_TICKS });
    this.seconds += 10;
    this.sinceWait = 0;
  }

  sumOfShared(): void {
    this.add({ kind: 'sum', address: SHARED, lengthBytes: SHARED_BYTES });
  }
}
