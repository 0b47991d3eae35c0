import type { Position } from '../../base/quantities.ts';
import type { Sliced } from '../../base/sliced.ts';
import type { Target } from '../../target/target.ts';
import type { HitCounter } from './hitCounter.ts';
import { PassedMessages, type PrintedMessage } from './hitPolicies.ts';
import type { ResolvedPoint } from './resolvedPoint.ts';
import { runWith } from './runWith.ts';
import type { UserStopPoints } from './userStopPoints.ts';

/** Messages are collected from this many steps at a time. */
const PART_STEPS = 1_000_000;

/**
 * Prints, in reverse order, the messages of the logpoints that a backward run from `to` to `from` has passed. Replays
 * these steps in parts. Afterward, the machine is at an intermediate position.
 */
export function* printPassed(
  parts: {
    target: Target;
    stopPoints: UserStopPoints;
    counter: HitCounter;
    print: (message: PrintedMessage) => void;
  },
  logs: readonly ResolvedPoint[],
  { from, to }: { from: Position; to: Position },
): Sliced<void> {
  const { target, counter, print } = parts;
  for (let end = to; end > from;) {
    const start = Math.max(from, end - PART_STEPS);
    yield* target.goTo(start);
    yield* counter.countTo(start, logs);
    const passed = new PassedMessages(logs);
    const partEnd = end;
    yield* runWith(parts, passed, () => target.forward(partEnd, { stopsAtStart: true }));
    for (const message of passed.messages.reverse()) print(message);
    for (const { printed } of logs) printed!.add(start, end);
    end = start;
  }
}
