import { UserError } from '../../../messages/userError.ts';
import { csrNumber } from '../../isa/csrs.ts';
import type { Inspector } from '../../target/inspector.ts';
import { NO_STOP_POINTS, type StepHit, type StopPoints, type Trap } from '../../target/stopPoints.ts';
import type { BreakpointId, ConditionError } from '../stopReason.ts';
import { armedFor } from './armedPoints.ts';
import { resolve, type ResolvedPoint } from './resolvedPoint.ts';
import type { StopPoint, StopPointKind } from './stopPoint.ts';

/** A range of virtual addresses to watch. */
export type DataBreakpoint = Omit<Extract<StopPointKind, { kind: 'access' }>, 'kind'> & { id: BreakpointId };

/** The stop points that the user has set in a session, and what is armed in the machine for them. */
export class UserStopPoints {
  private inspector: Inspector;
  private table = new Map<BreakpointId, ResolvedPoint>();
  /** The points that the execution of an instruction reaches, by its address. */
  private byAddress = new Map<bigint, ResolvedPoint[]>();
  private nextId: BreakpointId = 1;
  private cachedAll: StopPoints | undefined;
  private cachedForSteps: StopPoints | undefined;

  constructor(inspector: Inspector) {
    this.inspector = inspector;
  }

  /** Whether there are any. */
  get areSet(): boolean {
    return this.table.size > 0;
  }

  /** Adds a stop point. Throws a UserError if it watches bytes that are not in RAM. */
  add(point: StopPoint): BreakpointId {
    const id = this.nextId;
    const resolved = resolve(point, id, this.inspector);
    this.nextId++;
    this.table.set(id, resolved);
    this.changed();
    return id;
  }

  /**
   * Adds a breakpoint on a virtual address. `exists` is evaluated whenever the machine reaches the address, because
   * several programs may have code at this address. It must not modify anything.
   */
  addBreakpoint(address: bigint, exists?: () => boolean): BreakpointId {
    return this.add({ what: { kind: 'execute', address }, exists });
  }

  /** Adds a data breakpoint on bytes of memory. See `add`. */
  addDataBreakpoint(wanted: Omit<DataBreakpoint, 'id'>): BreakpointId {
    return this.add({ what: { kind: 'access', ...wanted } });
  }

  remove(id: BreakpointId): void {
    this.table.delete(id);
    this.changed();
  }

  /** The breakpoints at the address, if their conditions hold. */
  at(pc: bigint): BreakpointId[] {
    return this.reachedAt(pc).ids;
  }

  /** Like `at`, with the errors of the conditions that have no value. */
  reachedAt(pc: bigint): Reached {
    return this.reached(this.byAddress.get(pc) ?? []);
  }

  /** Which of these trap points stop before a trap. */
  reachedBy(trap: Trap, ids: readonly BreakpointId[]): Reached {
    return this.reached(this.withIds(ids), trap);
  }

  /** All of them. Returns the same object until they change. */
  all(): StopPoints {
    return (this.cachedAll ??= this.arm([...this.table.values()]));
  }

  /**
   * All of them except breakpoints. Returns the same object for every step, because changing the stop points discards
   * all translated code.
   */
  forSteps(): StopPoints {
    return (this.cachedForSteps ??= this.arm([...this.table.values()].filter(({ point }) => !isExecute(point))));
  }

  /** All of them and some more breakpoints. The function returns the same object until the user's stop points change. */
  with(addresses: readonly bigint[], condition: () => boolean): () => StopPoints {
    let users: StopPoints | undefined;
    let points = NO_STOP_POINTS;
    return () => {
      if (users === this.all()) return points;
      users = this.all();
      const predicates = new Map([...(users.predicates ?? [])].filter(([address]) => !addresses.includes(address)));
      return (points = {
        ...users,
        breakpoints: new Set([...users.breakpoints, ...addresses]),
        predicates,
        condition: (pc) => this.at(pc).length > 0 || (addresses.includes(pc) && condition()),
      });
    };
  }

  private arm(points: readonly ResolvedPoint[]): StopPoints {
    return armedFor(points, {
      condition: (pc) => this.at(pc).length > 0,
      trapCondition: (trap, ids) => this.reachedBy(trap, ids).ids.length > 0,
      hitCondition: (hits) => this.stopping(hits),
    });
  }

  private stopping(hits: StepHit[]): StepHit[] {
    return hits.filter(({ id }) => this.reached(this.withIds([id])).ids.length > 0);
  }

  private withIds(ids: readonly BreakpointId[]): ResolvedPoint[] {
    return ids.flatMap((id) => this.table.get(id) ?? []);
  }

  private reached(points: readonly ResolvedPoint[], trap?: Trap): Reached {
    const result: Reached = { ids: [], errors: [] };
    for (const { id, point } of points) {
      try {
        if (this.isReached(point, trap)) result.ids.push(id);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        result.ids.push(id);
        result.errors.push({ id, error });
      }
    }
    return result;
  }

  private isReached({ exists, hart, addressSpace, condition }: StopPoint, trap?: Trap): boolean {
    if (hart !== undefined && hart !== (trap?.hart ?? this.inspector.hart)) return false;
    if (addressSpace !== undefined && addressSpace !== this.inspector.csr(csrNumber('satp'))) return false;
    return (exists?.() ?? true) && (condition?.holds(trap) ?? true);
  }

  private changed(): void {
    this.cachedAll = undefined;
    this.cachedForSteps = undefined;
    this.byAddress.clear();
    for (const resolved of this.table.values()) {
      const { what, enabled = true } = resolved.point;
      if (what.kind !== 'execute' || !enabled) continue;
      this.byAddress.set(what.address, [...(this.byAddress.get(what.address) ?? []), resolved]);
    }
  }
}

/** The stop points that stop a run. */
export interface Reached {
  ids: BreakpointId[];
  errors: ConditionError[];
}

const isExecute = ({ what }: StopPoint): boolean => what.kind === 'execute';
