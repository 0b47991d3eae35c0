import { type BreakpointId, type Condition, evaluatePredicate, type Predicate, type Session } from '../engine/index.ts';

/** The kinds of stop points that a `Z` packet inserts. */
export type StopPointKind = 'software' | 'hardware' | 'write' | 'read' | 'access';

export interface StopPoint {
  kind: StopPointKind;
  address: bigint;
  lengthBytes: number;
  /** The condition of a breakpoint, if the server evaluates it. */
  predicate?: Predicate;
}

/**
 * The stop points that gdb has inserted with `Z` packets. gdb identifies a stop point by kind, address and length; the
 * session identifies it by an ID. Removing a stop point that does not exist has no effect, and neither does inserting
 * the same one twice (gdb manual, "Packets": these packets "should be implemented in an idempotent way"). However, the
 * conditions of the second packet replace those of the first; this is how gdb changes the conditions of an inserted
 * breakpoint.
 */
export class StopPointTable {
  private session: Session;
  private matches: () => boolean;
  private ids = new Map<string, BreakpointId>();
  private points = new Map<BreakpointId, StopPoint>();
  /** The addresses of all breakpoints that gdb has ever inserted. */
  private addresses = new Set<bigint>();

  /**
   * `matches` is a condition that applies to all breakpoints. It is evaluated whenever the machine reaches a
   * breakpoint.
   */
  constructor(session: Session, matches: () => boolean) {
    this.session = session;
    this.matches = matches;
  }

  /** Throws a UserError if the session rejects the stop point. */
  insert(point: StopPoint): void {
    const key = keyOf(point);
    if (this.ids.has(key)) {
      if (isWatch(point.kind)) return;
      this.remove(point);
    }
    const id = this.add(point);
    this.ids.set(key, id);
    this.points.set(id, point);
    if (!isWatch(point.kind)) this.addresses.add(point.address);
  }

  remove(point: StopPoint): void {
    const key = keyOf(point);
    const id = this.ids.get(key);
    if (id === undefined) return;
    this.session.stopPoints.remove(id);
    this.ids.delete(key);
    this.points.delete(id);
  }

  removeAll(): void {
    for (const point of [...this.points.values()]) this.remove(point);
  }

  kindOf(id: BreakpointId): StopPointKind | undefined {
    return this.points.get(id)?.kind;
  }

  watched(id: BreakpointId): (StopPoint & { kind: 'write' | 'read' | 'access' }) | undefined {
    const point = this.points.get(id);
    return point && isWatch(point.kind) ? { ...point, kind: point.kind } : undefined;
  }

  /** The breakpoints at an address. */
  at(address: bigint): BreakpointId[] {
    return [...this.points].filter(([, point]) => !isWatch(point.kind) && point.address === address).map(([id]) => id);
  }

  /** Whether gdb has removed its breakpoint at an address, perhaps only to step over it. */
  isRemovedAt(address: bigint): boolean {
    return this.addresses.has(address) && this.at(address).length === 0;
  }

  private add({ kind, address, lengthBytes, predicate }: StopPoint): BreakpointId {
    const { stopPoints } = this.session;
    if (isWatch(kind)) return stopPoints.add({ what: { kind: 'access', address, lengthBytes, access: ACCESS[kind] } });
    const condition = predicate && this.conditionOf(predicate);
    return stopPoints.add({ what: { kind: 'execute', address }, exists: this.matches, condition });
  }

  /**
   * If the condition cannot be evaluated, the machine stops. gdb then evaluates the condition again and reports the
   * error.
   */
  private conditionOf(predicate: Predicate): Condition {
    return { text: '', predicate, holds: () => evaluatePredicate(predicate, this.session.inspector) !== 0n };
  }
}

/** For gdb's `watch`, only a change in the value stops the machine, because gdb ignores a write of the same value. */
const ACCESS = { write: 'change', read: 'read', access: 'readWrite' } as const;

const isWatch = (kind: StopPointKind): kind is 'write' | 'read' | 'access' =>
  kind !== 'software' && kind !== 'hardware';

/** The "length" of a breakpoint is the size of gdb's trap instruction and does not identify the breakpoint. */
const keyOf = ({ kind, address, lengthBytes }: StopPoint): string =>
  `${kind} ${address.toString(16)} ${isWatch(kind) ? lengthBytes : 0}`;
