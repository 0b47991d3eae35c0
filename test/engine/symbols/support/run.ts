import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import {
  addResolvedBreakpoint,
  callStackOf,
  LoadedSymbols,
  localsOf,
  openSymbolFiles,
  resolveFunction,
  resolveLine,
  Session,
  type StackFrame,
} from '../../../../debug-adapter/engine/index.ts';
import { complete } from '../../../../debug-adapter/engine/base/sliced.ts';
import { nodeHost } from '../../../../debug-adapter/host/nodeHost.ts';
import type { Symbols, Value } from '../../../../debug-adapter/engine/symbols/index.ts';
import { stageOf } from '../../timeline/travelSupport.ts';

/** A frame of a stopped program, and the symbols of its code. */
export type StoppedFrame = StackFrame & { symbols: Symbols };

/**
 * Starts a fixture on the machine. The returned callback runs the fixture until it enters the named function or, with
 * `source`, until it reaches the line that contains the text. The callback returns the frames there, innermost first.
 */
export function runFixture(kernel: string, t: TestContext, source?: string): (where: string) => StoppedFrame[] {
  const timeline = stageOf({ kernel, diskBytes: 1 << 20 }, t).record();
  t.after(() => timeline.close({ reason: 'interrupted' }));
  const session = new Session(timeline);
  const options = { boot: { kernel, bios: null }, memoryBytes: 128 << 20, rrfile: undefined, symbols: [] };
  const loaded = new LoadedSymbols(
    openSymbolFiles(nodeHost, options, () => undefined),
    session.inspector,
  );
  return (where) => {
    const { addresses } = source
      ? resolveLine(loaded, path.basename(source), lineOf(source, where))
      : resolveFunction(loaded, where);
    const id = addResolvedBreakpoint(session, loaded, addresses[0]);
    complete(session.continue());
    session.stopPoints.remove(id);
    loaded.forget();
    return callStackOf(session.inspector, loaded).filter((each): each is StoppedFrame => each.symbols !== undefined);
  };
}

function lineOf(source: string, text: string): number {
  const lines = readFileSync(source, 'utf8').split('\n');
  return lines.findIndex((line) => line.includes(text)) + 1;
}

/** Returns the text of an expression's value; for an invalid expression, returns the error message. */
export function valueIn({ symbols, frame }: StoppedFrame, expression: string): string {
  try {
    const evaluation = symbols.evaluate(expression, frame);
    return evaluation.kind === 'value' ? evaluation.value.text : 'an assignment';
  } catch (error) {
    return (error as Error).message;
  }
}

export function localNamed(frame: StoppedFrame, name: string): Value {
  const found = localsOf(frame).find((each) => each.name === name);
  if (!found) throw new Error(`There is no local "${name}".`);
  return found;
}
