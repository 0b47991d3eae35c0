import type { Hit, TestPoint } from './oracle.ts';

/** Functions that compute, from the hits, where runs in both directions stop and what logpoints print. */

/**
 * The hits at which the machine stops or a logpoint prints. Hit conditions count hits from the position at which the
 * points are set, which is the start or the end of the history.
 */
export function selected(hits: readonly Hit[], setAt: 'start' | 'end'): Hit[] {
  const numbers = new Map<TestPoint, number>();
  const inOrder = setAt === 'start' ? hits : [...hits].reverse();
  const kept = inOrder.filter(({ point, hasNoValue }) => {
    if (hasNoValue) return true;
    const number = (numbers.get(point) ?? 0) + 1;
    numbers.set(point, number);
    return point.hitCondition?.stopsAt(number) ?? true;
  });
  return setAt === 'start' ? kept : kept.reverse();
}

/** The hits at which the machine stops. It stops at a logpoint only if the logpoint's condition has no value. */
export const stopping = (hits: readonly Hit[]): Hit[] =>
  hits.filter(({ point, hasNoValue }) => !point.isLog || hasNoValue);

/** The messages that logpoints print, in the order in which they occur in the history. */
export const printing = (hits: readonly Hit[]): string[] =>
  hits.flatMap(({ point, a0, hasNoValue }) =>
    point.isLog && !hasNoValue ? [`${point.name} ${BigInt.asIntN(64, a0)}`] : [],
  );

const isBefore = ({ point: { what } }: Hit): boolean => what.kind === 'execute' || what.kind === 'trap';

/** Describes the stop that these hits cause at a position. */
type Show = (position: number, hits: readonly Hit[]) => string;

/** The stops of a forward run from position 0, with their positions and points. */
export function forwardStops(hits: readonly Hit[], show: Show = shown): string[] {
  const stops: string[] = [];
  let last = 0;
  const stop = (position: number, at: readonly Hit[]): void => {
    stops.push(show(position, at));
    last = position;
  };
  for (const [position, group] of byPosition(hits)) {
    const before = firstKind(group.filter(isBefore));
    // A run that begins at a breakpoint or before a trap does not stop there again.
    if (before.length > 0 && position !== last) stop(position, before);
    const after = group.filter((hit) => !isBefore(hit));
    if (after.length > 0) stop(position + 1, after);
  }
  return stops;
}

/** The stops of a backward run from the end of the history, in the order in which they occur. */
export function backwardStops(hits: readonly Hit[], show: Show = shown): string[] {
  const stops = byPosition(hits).map(([position, group]) => {
    const after = group.filter((hit) => !isBefore(hit));
    return show(position, after.length > 0 ? after : firstKind(group));
  });
  return stops.reverse();
}

/** The hits of breakpoints or, if there are none, of trap points. */
function firstKind(group: readonly Hit[]): Hit[] {
  const breakpoints = group.filter(({ point }) => point.what.kind === 'execute');
  return breakpoints.length > 0 ? breakpoints : [...group];
}

function byPosition(hits: readonly Hit[]): [number, Hit[]][] {
  const groups = new Map<number, Hit[]>();
  for (const hit of hits) groups.set(hit.position, [...(groups.get(hit.position) ?? []), hit]);
  return [...groups].sort(([a], [b]) => a - b);
}

const shown = (position: number, hits: readonly Hit[]): string =>
  stopText(position, { names: hits.map(({ point }) => point.name), hasError: hits.some((hit) => hit.hasNoValue) });

/** A stop as text. `hasError` indicates that the condition of one of the points has no value. */
export const stopText = (
  position: number,
  { names, hasError }: { names: readonly string[]; hasError: boolean },
): string => `${position}: ${[...names].sort().join()}${hasError ? ' (an error)' : ''}`;
