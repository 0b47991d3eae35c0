import type { Position } from '../base/quantities.ts';
import type { Sliced } from '../base/sliced.ts';
import { type CodeContext, contextOf } from './codeContext.ts';
import { type Instruction, instructionAt } from './controlFlow.ts';
import type { Inspector } from '../target/inspector.ts';
import type { Session } from './session.ts';

/** One step of a trace. */
export interface TracedStep extends CodeContext, Instruction {
  /**
   * Whether an instruction executed. If false, a trap or interrupt occurred, idle time was skipped, or an external
   * event was delivered.
   */
  isExecuted: boolean;
  /** True if another hart executed the step. The traced hart's state did not change. */
  isOthers: boolean;
}

const FIRST_STEPS = 256;
const STEPS_MAX = 16384;

/**
 * Provides the steps before a position, for reverse line steps. The steps are loaded in windows. To load a window, the
 * machine seeks once and is then single-stepped forward; each step takes about two microseconds. The windows grow as
 * long as the caller keeps moving backward from one window to the previous one.
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
    this.inspector = session.target.inspect(session.inspector.hart);
  }

  /** The step from `position` to `position + 1`. Moves the machine. */
  *at(position: Position): Sliced<TracedStep> {
    if (position < this.first || position >= this.first + this.steps.length) yield* this.load(position);
    return this.steps[position - this.first];
  }

  private *load(last: Position): Sliced<void> {
    const { session } = this;
    this.windowSteps = last === this.first - 1 ? Math.min(this.windowSteps * 4, STEPS_MAX) : FIRST_STEPS;
    this.first = Math.max(this.start, last + 1 - this.windowSteps);
    this.steps = [];
    yield* session.moveTo(this.first);
    let instructions = 0;
    const endStep = (): void => {
      const step = this.steps.at(-1);
      if (step) step.isExecuted = session.target.harts.instructionsOf(this.inspector.hart) !== instructions;
    };
    yield* session.target.trace(last + 1, () => {
      endStep();
      instructions = session.target.harts.instructionsOf(this.inspector.hart);
      this.steps.push(this.beginStep());
    });
    endStep();
  }

  private beginStep(): TracedStep {
    const { inspector } = this;
    const last = this.steps.at(-1);
    const isOthers = this.session.target.harts.current !== inspector.hart;
    if (isOthers && last?.isOthers) return last;
    const context = contextOf(inspector);
    return { ...context, ...instructionAt(inspector, context.pc), isExecuted: false, isOthers };
  }
}
