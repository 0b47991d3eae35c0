import type { Sliced } from '../../base/sliced.ts';
import type { StopPoints } from '../../target/stopPoints.ts';
import type { Target, TargetStop } from '../../target/target.ts';
import { AT_REST, type HitPolicy } from './hitPolicies.ts';
import type { UserStopPoints } from './userStopPoints.ts';

/**
 * Executes a run in which `policy` determines the effects of hits. `points` returns the stop points to arm, by default
 * all of the user's stop points; they may change while the run is paused.
 */
export function* runWith(
  { target, stopPoints }: { target: Target; stopPoints: UserStopPoints },
  policy: HitPolicy,
  begin: () => Sliced<TargetStop>,
  points = (): StopPoints => stopPoints.all(),
): Sliced<TargetStop> {
  target.arm(points());
  const run = begin();
  for (;;) {
    const next = nextOf(run, stopPoints, policy);
    if (next.done) return next.value;
    yield next.value;
    target.arm(points());
  }
}

function nextOf(run: Sliced<TargetStop>, stopPoints: UserStopPoints, policy: HitPolicy) {
  stopPoints.policy = policy;
  try {
    return run.next();
  } finally {
    stopPoints.policy = AT_REST;
  }
}
