import { Session, type Timeline } from '../../debug-adapter/engine/index.ts';

/** What an uninterrupted run did from one position to another, step by step. */
export interface Moment {
  position: number;
  pc: bigint;
  stackPointer: bigint;
  /** The step from here was an instruction; otherwise a trap, an event or idle time. */
  retires: boolean;
  /** Inside an interrupt that was entered and left. */
  isInterrupt: boolean;
}

export function trace(timeline: Timeline, from: number, to: number): Moment[] {
  timeline.travel!.seekTo(from);
  const { inspector } = new Session(timeline);
  const moments: Moment[] = [];
  // Indexes in `moments` of the interrupts in progress.
  const interrupts: number[] = [];
  while (timeline.position < to) {
    const { instructions } = timeline.machine;
    const moment = {
      position: timeline.position,
      pc: inspector.pc,
      stackPointer: inspector.register(2),
      retires: true,
      isInterrupt: false,
    };
    leaveInterrupt(moments, interrupts, moment);
    moments.push(moment);
    timeline.advance(timeline.position + 1);
    moment.retires = timeline.machine.instructions !== instructions;
    if (moment.retires) continue;
    if (inspector.pc === moment.pc) moment.isInterrupt = true;
    else if (isInterruptEntry(inspector)) interrupts.push(moments.length - 1);
  }
  leaveInterrupt(moments, interrupts, { pc: inspector.pc, stackPointer: inspector.register(2) });
  return moments;
}

/** Execution is back where an interrupt came: everything since then belongs to it. */
function leaveInterrupt(moments: Moment[], interrupts: number[], now: Pick<Moment, 'pc' | 'stackPointer'>): void {
  const back = interrupts.findLastIndex(
    (at) => moments[at].pc === now.pc && moments[at].stackPointer === now.stackPointer,
  );
  if (back < 0) return;
  for (const moment of moments.slice(interrupts[back])) moment.isInterrupt = true;
  interrupts.length = back;
}

function isInterruptEntry(inspector: Session['inspector']): boolean {
  const cause = inspector.csr(inspector.privilege === 3 ? 0x342 : 0x142)!;
  return cause >> 63n === 1n;
}
