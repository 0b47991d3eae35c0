import { csrNumber } from '../../isa/csrs.ts';
import { both, isEqual, type Predicate } from '../../target/predicate.ts';
import type { StopPoints } from '../../target/stopPoints.ts';
import type { ResolvedPoint } from './resolvedPoint.ts';
import type { StopPoint, StopPointKind } from './stopPoint.ts';

/** The functions that decide whether a point stops the run when the machine reaches it. */
export type Decisions = Required<Pick<StopPoints, 'condition' | 'trapCondition' | 'hitCondition'>>;

/** Returns the stop points that must be armed in the machine for the given points. */
export function armedFor(points: readonly ResolvedPoint[], decisions: Decisions): StopPoints {
  const enabled = points.filter(({ point }) => point.enabled ?? true);
  const of = <K extends StopPointKind['kind']>(kind: K) =>
    enabled.flatMap(({ id, point: { what, hart } }) =>
      what.kind === kind ? [{ ...(what as Extract<StopPointKind, { kind: K }>), id, hart }] : [],
    );
  const registers = of('register').map(({ id, register, hart }) => ({ id, what: register, hart }));
  const [traps, disks, consoles] = [of('trap'), of('disk'), of('console')];
  return {
    breakpoints: new Set(of('execute').map(({ address }) => address)),
    predicates: predicatesOf(enabled),
    watchpoints: enabled.flatMap(({ watchpoint }) => watchpoint ?? []),
    ...(registers.length > 0 && { registers }),
    ...(disks.length > 0 && { disks }),
    ...(consoles.length > 0 && { consoles }),
    ...(traps.length > 0 && { traps }),
    ...decisions,
  };
}

/**
 * The breakpoint conditions that the machine can evaluate itself, indexed by address. They only rule out stops: if the
 * predicate for an address holds, `condition` decides. An address with several breakpoints has a predicate only if each
 * breakpoint has one.
 */
function predicatesOf(points: readonly ResolvedPoint[]): Map<bigint, Predicate> {
  const byAddress = new Map<bigint, Predicate | undefined>();
  for (const { point } of points) {
    if (point.what.kind !== 'execute') continue;
    const { address } = point.what;
    const own = predicateOf(point);
    const other = byAddress.get(address);
    byAddress.set(address, !byAddress.has(address) ? own : own && other && either(other, own));
  }
  return new Map([...byAddress].flatMap(([address, predicate]) => (predicate ? [[address, predicate]] : [])));
}

/**
 * A predicate that holds whenever the point stops the run. Undefined if there is nothing that the machine can evaluate.
 */
function predicateOf({ hart, addressSpace, condition }: StopPoint): Predicate | undefined {
  const parts = [
    ...(hart === undefined ? [] : [isEqual({ kind: 'hart' }, constant(BigInt(hart)))]),
    ...(addressSpace === undefined
      ? []
      : [isEqual({ kind: 'csr', number: csrNumber('satp') }, constant(addressSpace))]),
    ...(condition?.predicate ? [condition.predicate] : []),
  ];
  return parts.length === 0 ? undefined : parts.reduceRight((rest, part) => both(part, rest));
}

/**
 * A predicate that holds if at least one of the two given predicates holds. The second is evaluated only if the first
 * does not hold.
 */
const either = (first: Predicate, second: Predicate): Predicate => ({
  ...{ kind: 'select', condition: first },
  ...{ yes: constant(1n), no: second },
});

const constant = (value: bigint): Predicate => ({ kind: 'constant', value });
