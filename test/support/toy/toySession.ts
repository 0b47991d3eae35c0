import { complete, Session, SourceSteps } from '../../../debug-adapter/engine/index.ts';
import type { ToyMachineOptions } from './toyMachine.ts';
import type { ToyProgram } from './toyProgram.ts';
import { ToyRam } from './toyRam.ts';
import { toySymbols } from './toySymbols.ts';
import { ToyTarget } from './toyTarget.ts';

/** Records a toy program up to position `end`, and returns a session at the start of the recording. */
export function toySession(
  program: ToyProgram,
  functions: Parameters<typeof toySymbols>[1],
  { end, ...options }: { end: number } & Partial<ToyMachineOptions>,
) {
  const target = new ToyTarget({ code: program.code, handler: program.labels.handler, ...options });
  complete(target.forward(end));
  complete(target.goTo(0));
  return sessionOf(target, program, functions);
}

/** A session with a target that executes a toy program. */
export function sessionOf(target: ToyTarget, program: ToyProgram, functions: Parameters<typeof toySymbols>[1]) {
  const session = new Session(target);
  const symbols = toySymbols(program, functions);
  const steps = new SourceSteps(session, symbols);
  return {
    ...{ target, session, symbols, steps },
    /** The current source line. */
    line: () => program.lines[Math.floor(Number(session.inspector.pc - ToyRam.BASE) / 4)],
    /** Runs to an address unconditionally. */
    runTo: (address: bigint) => complete(session.runTo([address], () => true)),
  };
}
