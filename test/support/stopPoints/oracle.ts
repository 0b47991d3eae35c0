import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { BlockRequest } from '../../../debug-adapter/engine/block/blockRequest.ts';
import type { DiskRequestKind, Inspector } from '../../../debug-adapter/engine/index.ts';
import { csrNumber } from '../../../debug-adapter/engine/isa/csrs.ts';
import { INTERRUPT_BIT } from '../../../debug-adapter/engine/isa/traps.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { TEST_DEVICE } from '../../engine/machine/cpu/randomLayout.ts';

/**
 * Finds the hits of stop points by single-stepping a machine on which none are set. Memory that is watched for accesses
 * must be accessed only by 32-bit loads, stores and atomics in M-mode without MPRV. Memory that is watched only for
 * changes may be written in any way.
 */

/** The machine state on which conditions are evaluated. */
export interface State {
  hart: number;
  register(number: number): bigint;
  csr(number: number): bigint;
  /** The bytes at a virtual address, up to the first one that cannot be read. */
  memory(address: bigint, lengthBytes: number): Uint8Array;
  trap?: TrapValues;
}

/** The kind of trap that a hart takes, and the values that the trap writes to CSRs. */
export interface TrapValues {
  kind: 'exception' | 'interrupt' | 'reset';
  cause: bigint;
  tval: bigint;
  epc: bigint;
}

/** A condition. `holds` returns `none` if the condition has no value. */
export interface TestCondition {
  text: string;
  holds(state: State): boolean | 'none';
  /** The same condition as bytecode for gdb's stack machine, in hexadecimal digits. */
  bytecode?: string;
}

/** A stop point that the test sets. */
export interface TestPoint {
  /** The name of the point in messages. A logpoint prints this name and the value of a0. */
  name: string;
  what:
    | { kind: 'execute'; address: bigint }
    | { kind: 'access'; address: number; access: 'read' | 'readWrite' | 'change' }
    | { kind: 'register' | 'float'; register: number; hart: number }
    | { kind: 'csr'; number: number; hart: number }
    | { kind: 'trap'; filter: string; matches(trap: TrapValues): boolean }
    | { kind: 'disk'; drive?: string; sectors?: { first: number; count: number }; requests: DiskRequestKind[] }
    | { kind: 'console'; text: string };
  condition?: TestCondition;
  hitCondition?: { text: string; stopsAt(hit: number): boolean };
  /** Whether the point is a logpoint, which prints a0 instead of stopping. */
  isLog?: boolean;
}

/** A step that reaches a point whose condition holds or has no value. */
export interface Hit {
  point: TestPoint;
  /** The position before the step. */
  position: number;
  a0: bigint;
  /** Whether the condition has no value. The step then does not count as a hit, but the machine stops. */
  hasNoValue: boolean;
}

export const WATCHED_BYTES = 8;
const [A0, A1] = [10, 11];
const INSTRUCTION_BYTES = 4;
const [MCAUSE, MEPC, MTVAL] = ['mcause', 'mepc', 'mtval'].map(csrNumber);
const MACHINE = 3;
const PAGE_BYTES = 4096;

export interface OracleOptions {
  end: number;
  points: readonly TestPoint[];
  /** The console output so far. */
  printed: () => string;
  /** The disk requests in the recording's log. */
  requests: readonly BlockRequest[];
}

/** Finds all hits by single-stepping the history from position 0 to `end`. */
export function hitsOf(timeline: MachineTimeline, options: OracleOptions): Hit[] {
  return new Oracle(timeline, options).run();
}

/** The state that the oracle saves before each step. */
interface Before {
  hart: number;
  pc: bigint;
  /**
   * The hits of breakpoints at `pc`. They count only if the step executes the instruction rather than, for example,
   * taking an interrupt.
   */
  executed: Hit[];
  instructions: number;
  registers: bigint[];
  access?: Access;
  /** The watchpoints on memory that the step would clear if it were a reset. */
  cleared: readonly TestPoint[];
  printed: number;
}

interface Access {
  address: number;
  lengthBytes: number;
  reads: boolean;
}

class Oracle {
  private readonly timeline: MachineTimeline;
  private readonly options: OracleOptions;
  private readonly current: Inspector;
  private readonly harts: Inspector[];
  private readonly requests = new Map<number, BlockRequest[]>();
  private readonly executed = new Map<bigint, TestPoint[]>();
  private readonly watched: TestPoint[];
  private readonly traps: TestPoint[];
  private readonly needsAccess: boolean;
  private readonly resetAddress: bigint;
  private readonly hits: Hit[] = [];
  private values: (bigint | undefined)[] = [];
  private before: Before | undefined;

  constructor(timeline: MachineTimeline, options: OracleOptions) {
    this.timeline = timeline;
    this.options = options;
    this.current = timeline.inspect();
    this.harts = Array.from({ length: timeline.harts.count }, (_, hart) => timeline.inspect(hart));
    for (const request of options.requests) addTo(this.requests, request.position, request);
    for (const point of options.points) {
      if (point.what.kind === 'execute') addTo(this.executed, point.what.address, point);
    }
    this.watched = options.points.filter(({ what }) => what.kind !== 'execute' && what.kind !== 'trap');
    this.traps = options.points.filter(({ what }) => what.kind === 'trap');
    this.needsAccess = options.points.some(({ what }) => what.kind === 'access' && what.access !== 'change');
    this.resetAddress = this.current.pc;
  }

  run(): Hit[] {
    const { timeline, options } = this;
    complete(timeline.trace(options.end, () => this.visit()));
    this.visit();
    return this.hits.filter(({ position }) => position < options.end);
  }

  private visit(): void {
    const { before, current } = this;
    const { position } = this.timeline;
    const values = this.watched.map((point) => this.valueOf(point));
    if (before) this.afterStep(before, values, position - 1);
    this.values = values;
    const { hart, pc } = current;
    const executed = (this.executed.get(pc) ?? []).flatMap((point) => hitOf(point, stateOf(current), position));
    this.before = {
      cleared: before?.access?.address === TEST_DEVICE ? this.watched.filter((point) => this.isInUse(point)) : [],
      ...{ executed, hart, pc, instructions: this.timeline.harts.instructionsOf(hart) },
      registers: this.traps.length > 0 ? [current.register(A0), current.register(A1)] : [],
      access: this.needsAccess && current.privilege === MACHINE ? accessOf(current) : undefined,
      printed: this.options.printed().length,
    };
  }

  private afterStep(before: Before, values: readonly (bigint | undefined)[], position: number): void {
    const isRetired = this.timeline.harts.instructionsOf(before.hart) > before.instructions;
    const trap = isRetired ? undefined : this.trapOf(before);
    if (trap) this.addTraps(trap, before, position);
    if (isRetired || trap?.kind === 'exception') this.hits.push(...before.executed);
    this.watched.forEach((point, i) => {
      const hasChanged = values[i] !== this.values[i];
      const isReset = trap?.kind === 'reset';
      if (!this.isReached(point, before, { hasChanged, isReset, isRetired, position })) return;
      // Conditions are evaluated on the hart that has executed the step.
      this.hits.push(...hitOf(point, stateOf(this.harts[before.hart]), position));
    });
  }

  private addTraps(trap: TrapValues, { hart, registers }: Before, position: number): void {
    const impossible = (): never => {
      throw new Error('a condition of a trap can only use a0, a1 and the values of the trap');
    };
    const register = (number: number) => registers[number - A0] ?? impossible();
    const state: State = { hart, trap, register, csr: impossible, memory: impossible };
    for (const point of this.traps) {
      if (point.what.kind === 'trap' && point.what.matches(trap)) this.hits.push(...hitOf(point, state, position));
    }
  }

  /** Returns the trap that the step took, if any. A trap retires no instruction and stores the pc in mepc. */
  private trapOf({ hart, pc }: Before): TrapValues | undefined {
    const after = this.harts[hart];
    if (after.pc === pc || after.privilege !== MACHINE) return undefined;
    const epc = after.csr(MEPC)!;
    if (epc !== pc) {
      // A reset clears mepc.
      return epc === 0n && after.pc === this.resetAddress ? { kind: 'reset', cause: 0n, tval: 0n, epc: pc } : undefined;
    }
    const cause = after.csr(MCAUSE)!;
    const kind = (cause & INTERRUPT_BIT) === 0n ? 'exception' : 'interrupt';
    return { kind, cause, tval: after.csr(MTVAL)!, epc };
  }

  /** The current value of the memory or register that a point watches. */
  private valueOf({ what }: TestPoint): bigint | undefined {
    switch (what.kind) {
      case 'access':
        return Buffer.from(this.current.readPhysical(what.address, WATCHED_BYTES)!).readBigUInt64LE();
      case 'register':
        return this.harts[what.hart].register(what.register);
      case 'float':
        return this.harts[what.hart].float(what.register);
      case 'csr':
        return this.harts[what.hart].csr(what.number);
      default:
        return undefined;
    }
  }

  /** Whether a reset would clear the point's memory. A reset clears only pages that contain nonzero bytes. */
  private isInUse({ what }: TestPoint): boolean {
    if (what.kind !== 'access') return false;
    const page = what.address - (what.address % PAGE_BYTES);
    return this.current.readPhysical(page, PAGE_BYTES)!.some((byte) => byte !== 0);
  }

  private isReached(
    point: TestPoint,
    { access, cleared, printed }: Before,
    step: { hasChanged: boolean; isReset: boolean; isRetired: boolean; position: number },
  ): boolean {
    const { what } = point;
    switch (what.kind) {
      case 'console': {
        const output = this.options.printed();
        return output.length > printed && output.endsWith(what.text);
      }
      case 'disk':
        return this.requests.get(step.position)?.some((request) => matches(what, request)) ?? false;
      case 'access': {
        if (what.access === 'change') return step.hasChanged;
        if (step.isReset) return what.access === 'readWrite' && cleared.includes(point);
        if (!access || !step.isRetired || !(access.reads || what.access === 'readWrite')) return false;
        const end = what.address + WATCHED_BYTES;
        return access.address < end && access.address + access.lengthBytes > what.address;
      }
      default:
        return step.hasChanged;
    }
  }
}

function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** One hit, or none if the condition does not hold. */
function hitOf(point: TestPoint, state: State, position: number): Hit[] {
  const holds = point.condition?.holds(state) ?? true;
  return holds ? [{ point, position, a0: state.register(A0), hasNoValue: holds === 'none' }] : [];
}

export function stateOf(inspector: Inspector): State {
  return {
    hart: inspector.hart,
    register: (number) => inspector.register(number),
    csr: (number) => inspector.csr(number)!,
    memory: (address, lengthBytes) => inspector.readMemory(address, lengthBytes),
  };
}

const KINDS = { read: 'read', write: 'write', flush: 'flush', discard: 'write', writeZeroes: 'write' } as const;
const SECTOR_BYTES = 512;

function matches(
  { drive, sectors, requests }: Extract<TestPoint['what'], { kind: 'disk' }>,
  request: BlockRequest,
): boolean {
  if ((drive !== undefined && drive !== request.drive) || !requests.includes(KINDS[request.operation])) return false;
  if (!sectors) return true;
  const [start, end] = [sectors.first * SECTOR_BYTES, (sectors.first + sectors.count) * SECTOR_BYTES];
  return request.offset < end && request.offset + request.lengthBytes > start;
}

function accessOf(inspector: Inspector): Access | undefined {
  const bytes = inspector.readMemory(inspector.pc, INSTRUCTION_BYTES);
  if (bytes.length < INSTRUCTION_BYTES || (bytes[0] & 3) !== 3) return undefined;
  const word = Buffer.from(bytes).readInt32LE();
  const opcode = word & 0x7f;
  if (![0x03, 0x07, 0x23, 0x27, 0x2f].includes(opcode)) return undefined;
  const base = Number(inspector.register((word >>> 15) & 31));
  const lengthBytes = 1 << ((word >>> 12) & 3);
  switch (opcode) {
    case 0x03:
    case 0x07:
      return { address: base + (word >> 20), lengthBytes, reads: true };
    case 0x23:
    case 0x27:
      return { address: base + (((word >> 25) << 5) | ((word >>> 7) & 31)), lengthBytes, reads: false };
    default:
      return { address: base, lengthBytes, reads: true };
  }
}
