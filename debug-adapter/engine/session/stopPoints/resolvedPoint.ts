import type { Inspector } from '../../target/inspector.ts';
import type { Watchpoint } from '../../target/stopPoints.ts';
import { ramAddress } from '../ramAddress.ts';
import type { Position } from '../../base/quantities.ts';
import type { BreakpointId } from '../stopReason.ts';
import { HitCounts } from './hitCounts.ts';
import { PrintedRanges } from './printedRanges.ts';
import type { StopPoint } from './stopPoint.ts';

/** A stop point after its addresses have been translated. */
export interface ResolvedPoint {
  id: BreakpointId;
  point: StopPoint;
  /** For a data breakpoint: the bytes of RAM to watch. */
  watchpoint?: Watchpoint;
  /** The hits of a point with a hit condition. Points whose hits are counted together share this object. */
  hits?: HitCounts;
  /**
   * The positions for which a logpoint has printed its messages. Points whose hits are counted together share this
   * object.
   */
  printed?: PrintedRanges;
}

/**
 * `position` is the current position, from which hits are counted; `sibling` is the point that `countsWith` names.
 * Throws a UserError if the point watches bytes that are not in RAM.
 */
export function resolve(point: StopPoint, { id, position, inspector, sibling }: ResolveOptions): ResolvedPoint {
  const { what } = point;
  const hits = point.hitCondition && (sibling?.hits ?? new HitCounts(position));
  const printed = point.logMessage && (sibling?.printed ?? new PrintedRanges());
  if (what.kind !== 'access') return { id, point, hits, printed };
  const { lengthBytes, access } = what;
  const address = ramAddress(inspector, what.address, lengthBytes);
  return { id, point, hits, printed, watchpoint: { id, address, lengthBytes, access } };
}

interface ResolveOptions {
  id: BreakpointId;
  position: Position;
  inspector: Inspector;
  sibling: ResolvedPoint | undefined;
}
