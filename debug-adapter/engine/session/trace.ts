import type { Position } from '../base/quantities.ts';
import { type ControlFlow, instructionAt } from './controlFlow.ts';
import type { Session } from './session.ts';

/**
 * What ran just before a position, step by step: for walking backwards over lines. A window is one seek and one forward
 * pass of single steps, about two microseconds each; windows grow as the walk goes on.
 */
export interface TracedStep {
  pc: bigint;
  sp: bigint;
  privilege: number;
  flow: ControlFlow;
  lengthBytes: 2 | 4;
  /** The step entered a trap or interrupt instead of executing the instruction. */
  isTrapEntry: boolean;
}

const SP = 2;
const FIRST_STEPS = 256;
const STEPS_MAX = 16384;

export class Trace {
  private session: Session;
  private start: Position;
  private first: Position = 0;
  private steps: TracedStep[] = [];
  private windowSteps = FIRST_STEPS;

  constructor(session: Session, start: Position) {
    this.session = session;
    this.start = start;
  }

  /** The step that led from `position` to `position + 1`. Moves the machine. */
  at(position: Position): TracedStep {
    if (position < this.first || position >= this.first + this.steps.length) this.load(position);
    return this.steps[position - this.first];
  }

  private load(last: Position): void {
    const { session } = this;
    this.first = Math.max(this.start, last + 1 - this.windowSteps);
    this.windowSteps = Math.min(this.windowSteps * 4, STEPS_MAX);
    this.steps = [];
    session.timeline.travel!.seekTo(this.first);
    while (session.position <= last) this.steps.push(this.step());
  }

  private step(): TracedStep {
    const { inspector, timeline } = this.session;
    const { machine } = timeline;
    const { pc, privilege } = inspector;
    const sp = inspector.register(SP);
    const retired = machine.instructions;
    const { flow, lengthBytes } = instructionAt(inspector, pc);
    machine.run(machine.position + 1);
    const isTrapEntry = machine.instructions === retired && inspector.pc !== pc;
    return { pc, sp, privilege, flow, lengthBytes, isTrapEntry };
  }
}
