import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import type { Inspector } from '../../debug-adapter/engine/index.ts';
import { csrNumber } from '../../debug-adapter/engine/isa/csrs.ts';
import type { MachineTimeline } from '../../debug-adapter/engine/timeline/machineTimeline.ts';

/**
 * Finds the hits of stop points by single-stepping a machine that has none, and from them the stops of runs in both
 * directions. Watched memory must only be accessed by loads, stores and atomics of 32 bits in M-mode without MPRV.
 */

/** The part of a hart's state that conditions in this test use. */
export interface State {
  hart: number;
  a0: bigint;
  a1: bigint;
  mcause: bigint;
  /** The values that a trap is about to write. */
  trap?: { cause: bigint; tval: bigint; epc: bigint };
}

/** A stop point of the test. */
export interface TestPoint {
  /** Its name in messages, and the text that a logpoint prints before a0. */
  name: string;
  what:
    | { kind: 'execute'; address: bigint }
    | { kind: 'access'; address: number; access: 'read' | 'readWrite' | 'change' }
    | { kind: 'register'; register: number; hart: number }
    | { kind: 'csr'; number: number; hart: number }
    | { kind: 'trap'; filter: string; causes: readonly number[] }
    | { kind: 'console'; text: string };
  condition?: { text: string; holds(state: State): boolean };
  hitCondition?: { text: string; stopsAt(hit: number): boolean };
  /** Whether it prints a0 instead of stopping. */
  isLog?: boolean;
}

/** A step that reaches a point whose condition holds. */
export interface Hit {
  point: TestPoint;
  /** The position before the step. */
  position: number;
  a0: bigint;
}

export const WATCHED_BYTES = 8;
const [A0, A1] = [10, 11];
const INSTRUCTION_BYTES = 4;
const [MCAUSE, MEPC, MTVAL] = ['mcause', 'mepc', 'mtval'].map(csrNumber);

/** Single-steps the history from position 0 to `end`. `printed` is the console output so far. */
export function hitsOf(
  timeline: MachineTimeline,
  { end, points, printed }: { end: number; points: readonly TestPoint[]; printed: () => string },
): Hit[] {
  const hits: Hit[] = [];
  const watched = points.filter(({ what }) => what.kind !== 'execute' && what.kind !== 'trap');
  const traps = points.filter(({ what }) => what.kind === 'trap');
  const executed = points.filter(({ what }) => what.kind === 'execute');
  let before: Before | undefined;
  const visit = (): void => {
    const { position } = timeline;
    if (before) {
      const step = { position: position - 1 };
      const trap = trapOf(timeline, before);
      for (const point of trap ? traps : []) add(point, { ...before.state, trap }, step.position);
      // Conditions are evaluated on the hart that has executed the step.
      const after = watched.length > 0 ? stateOf(timeline.inspect(before.state.hart)) : before.state;
      watched.forEach((point, i) => {
        if (isReached(timeline, { point, value: before!.values[i], before: before!, printed }))
          add(point, after, step.position);
      });
    }
    const state = timeline.inspect();
    for (const point of executed) {
      if ((point.what as { address: bigint }).address === state.pc) add(point, stateOf(state), position);
    }
    before = beforeOf(timeline, watched, printed);
  };
  const add = (point: TestPoint, state: State, position: number): void => {
    const { what, condition } = point;
    if (what.kind === 'trap' && !what.causes.includes(Number(state.trap!.cause))) return;
    if (condition?.holds(state) ?? true) hits.push({ point, position, a0: state.a0 });
  };
  complete(timeline.trace(end, visit));
  visit();
  return hits.filter(({ position }) => position < end);
}

const stateOf = (inspector: Inspector): State => ({
  hart: inspector.hart,
  a0: inspector.register(A0),
  a1: inspector.register(A1),
  mcause: inspector.csr(MCAUSE)!,
});

type Before = ReturnType<typeof beforeOf>;

function beforeOf(timeline: MachineTimeline, watched: readonly TestPoint[], printed: () => string) {
  const inspector = timeline.inspect();
  const { hart, pc } = inspector;
  return {
    ...{ pc, state: stateOf(inspector), instructions: timeline.harts.instructionsOf(hart) },
    access: watched.length > 0 && inspector.privilege === 3 ? accessOf(inspector) : undefined,
    values: watched.map((point) => valueOf(timeline, point)),
    printed: printed().length,
  };
}

function trapOf(timeline: MachineTimeline, { pc, state, instructions }: Before): State['trap'] {
  const inspector = timeline.inspect(state.hart);
  const isTrap = timeline.harts.instructionsOf(state.hart) === instructions && inspector.csr(MEPC) === pc;
  if (!isTrap || inspector.privilege !== 3 || inspector.pc === pc) return undefined;
  return { cause: inspector.csr(MCAUSE)!, tval: inspector.csr(MTVAL)!, epc: pc };
}

/** The value that a point watches. */
function valueOf(timeline: MachineTimeline, { what }: TestPoint): bigint | undefined {
  switch (what.kind) {
    case 'access':
      return Buffer.from(timeline.inspect().readPhysical(what.address, WATCHED_BYTES)!).readBigUInt64LE();
    case 'register':
      return timeline.inspect(what.hart).register(what.register);
    case 'csr':
      return timeline.inspect(what.hart).csr(what.number);
    default:
      return undefined;
  }
}

function isReached(
  timeline: MachineTimeline,
  step: { point: TestPoint; value: bigint | undefined; before: Before; printed: () => string },
): boolean {
  const { before, point, value, printed } = step;
  const { what } = point;
  const hasChanged = value !== valueOf(timeline, point);
  if (what.kind === 'console') return printed().length > before.printed && printed().endsWith(what.text);
  if (what.kind !== 'access' || what.access === 'change') return hasChanged;
  const isDone = timeline.harts.instructionsOf(before.state.hart) > before.instructions;
  const { access } = before;
  if (!access || !isDone) return false;
  const overlaps = access.address < what.address + WATCHED_BYTES && access.address + access.lengthBytes > what.address;
  return overlaps && (access.reads || what.access === 'readWrite');
}

function accessOf(inspector: Inspector): { address: number; lengthBytes: number; reads: boolean } | undefined {
  const bytes = inspector.readMemory(inspector.pc, INSTRUCTION_BYTES);
  if (bytes.length < INSTRUCTION_BYTES || (bytes[0] & 3) !== 3) return undefined;
  const word = Buffer.from(bytes).readInt32LE();
  const base = Number(inspector.register((word >>> 15) & 31));
  const lengthBytes = 1 << ((word >>> 12) & 3);
  switch (word & 0x7f) {
    case 0x03:
      return { address: base + (word >> 20), lengthBytes, reads: true };
    case 0x23:
      return { address: base + (((word >> 25) << 5) | ((word >>> 7) & 31)), lengthBytes, reads: false };
    case 0x2f:
      return { address: base, lengthBytes, reads: true };
    default:
      return undefined;
  }
}

// --- stops -------------------------------------------------------------------------------------------------------------

/** The hits that stop, or print, if the points are set at the start (numbers count up) or at the end of the history. */
export function selected(hits: readonly Hit[], setAt: 'start' | 'end'): Hit[] {
  const numbers = new Map<TestPoint, number>();
  const inOrder = setAt === 'start' ? hits : [...hits].reverse();
  const kept = inOrder.filter(({ point }) => {
    const number = (numbers.get(point) ?? 0) + 1;
    numbers.set(point, number);
    return point.hitCondition?.stopsAt(number) ?? true;
  });
  return setAt === 'start' ? kept : kept.reverse();
}

const isBefore = ({ point: { what } }: Hit): boolean => what.kind === 'execute' || what.kind === 'trap';

/** The stops of continuing from position 0: positions and points. */
export function forwardStops(hits: readonly Hit[]): string[] {
  const stops: string[] = [];
  let last = 0;
  const stop = (position: number, at: readonly Hit[]): void => {
    stops.push(shown(position, at));
    last = position;
  };
  for (const [position, group] of byPosition(hits)) {
    const before = firstKind(group.filter(isBefore));
    // A run that begins at a breakpoint or a trap does not stop there.
    if (before.length > 0 && position !== last) stop(position, before);
    const after = group.filter((hit) => !isBefore(hit));
    if (after.length > 0) stop(position + 1, after);
  }
  return stops;
}

/** The stops of continuing backward from the end of the history, in their order. */
export function backwardStops(hits: readonly Hit[]): string[] {
  const stops = byPosition(hits).map(([position, group]) => {
    const after = group.filter((hit) => !isBefore(hit));
    return shown(position, after.length > 0 ? after : firstKind(group));
  });
  return stops.reverse();
}

/** The breakpoints, or if there are none, the traps. */
function firstKind(group: readonly Hit[]): Hit[] {
  const breakpoints = group.filter(({ point }) => point.what.kind === 'execute');
  return breakpoints.length > 0 ? breakpoints : [...group];
}

function byPosition(hits: readonly Hit[]): [number, Hit[]][] {
  const groups = new Map<number, Hit[]>();
  for (const hit of hits) groups.set(hit.position, [...(groups.get(hit.position) ?? []), hit]);
  return [...groups].sort(([a], [b]) => a - b);
}

function shown(position: number, hits: readonly Hit[]): string {
  const names = hits.map(({ point }) => point.name).sort();
  return `${position}: ${names.join()}`;
}
