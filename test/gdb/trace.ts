import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import type { MachineTimeline } from '../../debug-adapter/engine/timeline/machineTimeline.ts';
import { Session } from '../../debug-adapter/engine/index.ts';

/** One step of an uninterrupted run. */
export interface TracedInstruction {
  position: number;
  pc: bigint;
  stackPointer: bigint;
  /** Whether the step from this position retired an instruction. If not, it was a trap, an event or idle time. */
  retires: boolean;
  /** Whether the step is part of an interrupt that was both entered and left within the trace. */
  isInterrupt: boolean;
}

export function trace(timeline: MachineTimeline, from: number, to: number): TracedInstruction[] {
  complete(timeline.travel!.seekTo(from));
  const { inspector } = new Session(timeline);
  const traced: TracedInstruction[] = [];
  // For each interrupt in progress, the index in `traced` at which it was taken.
  const interrupts: number[] = [];
  while (timeline.position < to) {
    const { instructions } = timeline.machine;
    const instruction = {
      position: timeline.position,
      pc: inspector.pc,
      stackPointer: inspector.register(2),
      retires: true,
      isInterrupt: false,
    };
    leaveInterrupt(traced, interrupts, instruction);
    traced.push(instruction);
    timeline.advance(timeline.position + 1);
    instruction.retires = timeline.machine.instructions !== instructions;
    if (instruction.retires) continue;
    if (inspector.pc === instruction.pc) instruction.isInterrupt = true;
    else if (isInterruptEntry(inspector)) interrupts.push(traced.length - 1);
  }
  leaveInterrupt(traced, interrupts, { pc: inspector.pc, stackPointer: inspector.register(2) });
  return traced;
}

/** If execution has returned to the interrupted code, all instructions since the interrupt was taken belong to it. */
function leaveInterrupt(
  traced: TracedInstruction[],
  interrupts: number[],
  now: Pick<TracedInstruction, 'pc' | 'stackPointer'>,
): void {
  const back = interrupts.findLastIndex(
    (at) => traced[at].pc === now.pc && traced[at].stackPointer === now.stackPointer,
  );
  if (back < 0) return;
  for (const instruction of traced.slice(interrupts[back])) instruction.isInterrupt = true;
  interrupts.length = back;
}

function isInterruptEntry(inspector: Session['inspector']): boolean {
  const cause = inspector.csr(inspector.privilege === 3 ? 0x342 : 0x142)!;
  return cause >> 63n === 1n;
}
