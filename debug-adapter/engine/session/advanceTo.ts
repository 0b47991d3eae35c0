import type { Position } from '../base/quantities.ts';
import type { Sliced } from '../base/sliced.ts';
import { NO_STOP_POINTS } from '../target/stopPoints.ts';
import type { Target } from '../target/target.ts';
import type { StopReason } from './stopReason.ts';

/**
 * Runs forward to a position and ignores all stop points. Returns 'goto', or 'ended' if the run ends before it reaches
 * the position.
 */
export function* advanceTo(target: Target, until: Position): Sliced<StopReason> {
  target.arm(NO_STOP_POINTS);
  const stop = yield* target.forward(until);
  return stop.kind === 'ended' ? stop : { kind: 'goto' };
}
