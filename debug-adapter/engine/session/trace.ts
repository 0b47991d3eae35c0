import type { Position } from '../base/quantities.ts';
import { type CodeContext, contextOf } from './codeContext.ts';
import { type Instruction, instructionAt } from './controlFlow.ts';
import { Inspector } from '../machine/inspector.ts';
import type { Session } from './session.ts';

/** One step of a trace. */
export interface TracedStep extends CodeContext, Instruction {
  /**
   * Whether an instruction executed. Otherwise a trap or interrupt occurred, idle time was skipped or an external event
   * was delivered.
   */
  isExecuted: boolean;
  /** True if another hart executed the step. The traced hart's state did not change. */
  isOthers: boolean;
}

const FIRST_STEPS = 256;
const STEPS_MAX = 16384;

/**
 * Provides the steps before a position, for reverse line steps. The steps are loaded in windows. To load a window, the
 * machine seeks once and then executes single steps forward, each of which takes about two microseconds. As long as the
 * caller continues backward from one window to the previous one, the windows grow.
 */
export class Trace {
  private session: Session;
  /** Reads the state of the traced hart, even if another hart is current. */
  readonly inspector: Inspector;
  private start: Position;
  private first: Position = -1;
  private steps: TracedStep[] = [];
  private windowSteps = FIRST_STEPS;

  constructor(session: Session, start: Position) {
    this.session = session;
    this.start = start;
    this.inspector = new Inspector(session.timeline.machine, session.inspector.hart);
  }

  /** The step from `position` to `position + 1`. Moves the machine. */
  at(position: Position): TracedStep {
    if (position < this.first || position >= this.first + this.steps.length) this.load(position);
    return this.steps[position - this.first];
  }

  private load(last: Position): void {
    const { session } = this;
    this.windowSteps = last === this.first - 1 ? Math.min(this.windowSteps * 4, STEPS_MAX) : FIRST_STEPS;
    this.first = Math.max(this.start, last + 1 - this.windowSteps);
    this.steps = [];
    session.timeline.travel!.seekTo(this.first);
    while (session.position <= last) this.steps.push(this.step());
  }

  private step(): TracedStep {
    const { inspector } = this;
    const { machine } = this.session.timeline;
    const { hart } = inspector;
    const last = this.steps.at(-1);
    const isOthers = machine.currentHart !== hart;
    if (isOthers && last?.isOthers) {
      machine.run(machine.position + 1);
      return last;
    }
    const context = contextOf(inspector);
    const instruction = instructionAt(inspector, context.pc);
    const instructions = machine.instructionsOf(hart);
    machine.run(machine.position + 1);
    return { ...context, ...instruction, isExecuted: machine.instructionsOf(hart) !== instructions, isOthers };
  }
}
