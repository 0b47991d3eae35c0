import type { Frame, FrameView, UnwindResult } from './frame.ts';
import type { TailCallUnwinder } from './tailCallUnwinder.ts';

/** The whole call stack, innermost frame first, and the reason why unwinding ended. */
export function callStack(
  unwinder: TailCallUnwinder,
  view: FrameView,
  limit = Infinity,
): { frames: Frame[]; end: UnwindResult['kind'] | 'limit' } {
  const frames = [unwinder.innermostFrame(view)];
  while (frames.length < limit) {
    const result = unwinder.callerOf(frames[frames.length - 1]);
    if (result.kind !== 'caller') return { frames, end: result.kind };
    frames.push(result.frame);
  }
  return { frames, end: 'limit' };
}
