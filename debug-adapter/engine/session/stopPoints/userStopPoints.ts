import { UserError } from '../../../messages/userError.ts';
import { csrNumber } from '../../isa/csrs.ts';
import type { Position } from '../../base/quantities.ts';
import type { Sliced } from '../../base/sliced.ts';
import type { Inspector } from '../../target/inspector.ts';
import { NO_STOP_POINTS, type StepHit, type StopPoints, type Trap } from '../../target/stopPoints.ts';
import type { Target } from '../../target/target.ts';
import type { BreakpointId, ConditionError } from '../stopReason.ts';
import { armedFor } from './armedPoints.ts';
import { AT_REST, type HitPolicy } from './hitPolicies.ts';
import { resolve, type ResolvedPoint } from './resolvedPoint.ts';
import type { StopPoint, StopPointKind } from './stopPoint.ts';

/** A range of virtual addresses to watch. */
export type DataBreakpoint = Omit<Extract<StopPointKind, { kind: 'access' }>, 'kind'> & { id: BreakpointId };

/** The stop points that the user has set in a session, and the stop points that are armed in the machine for them. */
export class UserStopPoints {
  private target: Target;
  private inspector: Inspector;
  /** Determines the current effects of hits. */
  policy: HitPolicy = AT_REST;
  /** If hit counting is paused: the machine's current position, and its position before counting began. */
  displaced: { at: Position; origin: Position } | undefined;
  /** The errors from conditions that had no value when hits last stopped a run. */
  private hitErrors: { position: Position; errors: ConditionError[] } = { position: -1, errors: [] };
  readonly table = new Map<BreakpointId, ResolvedPoint>();
  /** The points that stop at an instruction, indexed by the instruction's address. */
  private byAddress = new Map<bigint, ResolvedPoint[]>();
  private nextId: BreakpointId = 1;
  private cachedTracked: readonly ResolvedPoint[] = [];
  private cachedAll: StopPoints | undefined;
  private cachedForSteps: StopPoints | undefined;

  constructor(target: Target, inspector: Inspector) {
    this.target = target;
    this.inspector = inspector;
  }

  /** Whether any stop points are set. */
  get areSet(): boolean {
    return this.table.size > 0;
  }

  /** The enabled points that have a hit condition or a log message. */
  get tracked(): readonly ResolvedPoint[] {
    return this.cachedTracked;
  }

  /**
   * Adds a stop point. Its hits are counted from the current position. Throws a UserError if the point watches bytes
   * that are not in RAM.
   */
  add(point: StopPoint): BreakpointId {
    const id = this.nextId;
    const { inspector, target, countingOrigin } = this;
    const sibling = point.countsWith === undefined ? undefined : this.table.get(point.countsWith);
    const resolved = resolve(point, { id, position: countingOrigin ?? target.position, inspector, sibling });
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

  /** Adds a data breakpoint on a range of memory. See `add`. */
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

  /** Like `at`, but also returns the errors from conditions that have no value. */
  reachedAt(pc: bigint): Reached {
    return this.reached(this.byAddress.get(pc) ?? [], this.target.position);
  }

  /** Determines which of these trap points stop the run before a trap. */
  reachedBy(trap: Trap, ids: readonly BreakpointId[]): Reached {
    return this.reached(this.withIds(ids), this.target.position, { trap, hart: trap.hart });
  }

  /** The errors from evaluating the conditions of stop points whose hits at `position` stopped a run. */
  errorsOfHits(position: Position): ConditionError[] {
    return this.hitErrors.position === position ? this.hitErrors.errors : [];
  }

  /**
   * The number of the last hit of a stop point with a hit condition, at or before the current position. Before the
   * position at which the stop point was set, hits are counted backward. Undefined if the number is not known.
   */
  hitCount(id: BreakpointId): number | undefined {
    return this.table.get(id)?.hits?.numberAt(this.target.position);
  }

  /**
   * The machine's position before it began to count hits, if the counting is paused or was canceled and the machine has
   * not been moved since.
   */
  get countingOrigin(): Position | undefined {
    return this.displaced?.at === this.target.position ? this.displaced.origin : undefined;
  }

  /**
   * If a run was paused while it counted hits, returns to the position at which the counting began, because the run
   * itself had not moved the machine yet. Cannot be paused.
   */
  *returnFromCounting(): Sliced<void> {
    const { target, countingOrigin } = this;
    if (countingOrigin !== undefined) yield* target.pause.ignoredBy(target.goTo(countingOrigin));
  }

  /** Records that the steps from `from` to `to` are changes by the debugger, which do not reach any stop points. */
  changedByDebugger(from: Position, to: Position): void {
    for (const { hits } of this.tracked) hits?.skip(from, to);
    for (const { printed } of this.tracked) if (printed?.has(from)) printed.add(from, to + 1);
  }

  /** All stop points. Returns the same object until the stop points change. */
  all(): StopPoints {
    return (this.cachedAll ??= this.arm([...this.table.values()]));
  }

  /**
   * All stop points except breakpoints. Returns the same object for every step, because changing the stop points
   * discards all translated code.
   */
  forSteps(): StopPoints {
    return (this.cachedForSteps ??= this.arm([...this.table.values()].filter(({ point }) => !isExecute(point))));
  }

  /**
   * Returns a function that provides all stop points together with additional breakpoints at `addresses`. The function
   * returns the same object until the user's stop points change.
   */
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
        condition: (pc) => this.stopsAt(pc) || (addresses.includes(pc) && !this.isSkipped && condition()),
      });
    };
  }

  private arm(points: readonly ResolvedPoint[]): StopPoints {
    return armedFor(points, {
      condition: (pc) => this.stopsAt(pc),
      trapCondition: (trap, ids) => this.reachedBy(trap, ids).ids.length > 0 && !this.isSkipped,
      hitCondition: (hits) => this.stopping(hits),
    });
  }

  /** Whether breakpoints at the current position do not stop the run. Their hits are still counted. */
  private get isSkipped(): boolean {
    return this.target.position === this.policy.skippedPosition;
  }

  private stopsAt(pc: bigint): boolean {
    return this.at(pc).length > 0 && !this.isSkipped;
  }

  private stopping(hits: StepHit[]): StepHit[] {
    const reached = hits.map((hit) => {
      // A step of one hart can change a CSR of another hart.
      const hart = hit.kind === 'register' ? hit.hart : undefined;
      return this.reached(this.withIds([hit.id]), hit.position, { hart });
    });
    const errors = reached.flatMap((one) => one.errors);
    if (reached.some(({ ids }) => ids.length > 0)) this.hitErrors = { position: hits[0].position, errors };
    return hits.filter((_, i) => reached[i].ids.length > 0);
  }

  private withIds(ids: readonly BreakpointId[]): ResolvedPoint[] {
    return ids.flatMap((id) => this.table.get(id) ?? []);
  }

  private reached(
    points: readonly ResolvedPoint[],
    position: Position,
    { trap, hart = this.inspector.hart }: { trap?: Trap; hart?: number } = {},
  ): Reached {
    const { policy } = this;
    const result: Reached = { ids: [], errors: [] };
    for (const resolved of points) {
      const { id, point } = resolved;
      if (!policy.concerns(resolved)) continue;
      try {
        if (this.isReached(point, hart, trap) && policy.stopsAt(resolved, position, trap)) result.ids.push(id);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        if (!policy.stopsOnErrors) continue;
        result.ids.push(id);
        result.errors.push({ id, error });
      }
    }
    return result;
  }

  private isReached({ exists, hart, addressSpace, condition }: StopPoint, reachedBy: number, trap?: Trap): boolean {
    if (hart !== undefined && hart !== reachedBy) return false;
    if (addressSpace !== undefined && addressSpace !== this.inspector.csr(csrNumber('satp'))) return false;
    return (exists?.() ?? true) && (condition?.holds(trap) ?? true);
  }

  private changed(): void {
    this.cachedAll = undefined;
    this.cachedForSteps = undefined;
    const isTracked = ({ point: { enabled = true }, hits, printed }: ResolvedPoint) =>
      enabled && (hits !== undefined || printed !== undefined);
    this.cachedTracked = [...this.table.values()].filter(isTracked);
    this.byAddress.clear();
    for (const resolved of this.table.values()) {
      const { what, enabled = true } = resolved.point;
      if (what.kind !== 'execute' || !enabled) continue;
      this.byAddress.set(what.address, [...(this.byAddress.get(what.address) ?? []), resolved]);
    }
  }
}

/** The stop points that stop a run, and the errors from those conditions that have no value. */
export interface Reached {
  ids: BreakpointId[];
  errors: ConditionError[];
}

const isExecute = ({ what }: StopPoint): boolean => what.kind === 'execute';
