import type { Session, Sliced, StopReason } from '../../debug-adapter/engine/index.ts';

/** Executes one slice of a run or step. Returns the reason `pause` if the run or step has not ended. */
export function slice(session: Session, run: Sliced<StopReason>, wantsPause = (): boolean => true): StopReason {
  const next = session.target.pause.resume(run, wantsPause);
  return next.done ? next.value : { kind: 'pause' };
}
