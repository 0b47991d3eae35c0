import type { DebugSession } from './debugSession.ts';
import { received, say, sent, shortPath, showSource, sourceLine } from './transcript.ts';

/** One write, with where the machine then stands: before it. */
export interface Write {
  description: string;
  before: string;
  after: string;
  file: string;
  line: number;
  functionName: string;
  source: string;
  /** Steps since power-on. */
  step: string;
}

/**
 * Goes back from write to write, as a person does: while the value was wrong before the write as well, somebody else
 * had spoiled it earlier. The culprit is the write that found the right value and left another.
 */
export async function walkBack(
  session: DebugSession,
  { variable, rightValue }: { variable: string; rightValue: string },
): Promise<Write> {
  await session.watchWrites(variable);
  for (;;) {
    const description = await session.run('reverseContinue', (text) => {
      const { before } = valuesIn(text);
      return before === undefined || before === rightValue ? '' : `; ${before} was wrong already: further back`;
    });
    const { before, after } = valuesIn(description);
    if (before === undefined || after === undefined)
      throw new Error(`${description}: no write found ${variable} at ${rightValue}.`);
    if (before === rightValue && after !== rightValue)
      return { description, before, after, ...(await placeOf(session)) };
  }
}

function valuesIn(description: string): { before?: string; after?: string } {
  const [, before, after] = / is written: (\S+) -> (\S+)$/.exec(description) ?? [];
  return { before, after };
}

async function placeOf(session: DebugSession): Promise<Omit<Write, 'description' | 'before' | 'after'>> {
  const { name: functionName, line, source } = (await session.callStack())[0];
  const [file, text] = [shortPath(source!.path), sourceLine(source!.path, line)];
  return { file, line, functionName, source: text, step: await session.evaluate('$mcycle') };
}

const FRAMES_SHOWN = 6;

/** Where are we? Source, call stack and locals. */
export async function lookAround(session: DebugSession): Promise<void> {
  say('Before it all was well. Where are we?');
  const frames = await session.callStack();
  const [{ id, line, source }] = frames;
  showSource(source!.path, line, 1);
  sent('stackTrace');
  const names = frames.map((frame) => `${frame.name}:${frame.line}`);
  received([...names.slice(0, FRAMES_SHOWN), '...', names.at(-1)].join(' < '));
  sent('scopes, variables: the locals');
  received((await session.locals(id)).map(({ name, value }) => `${name} = ${value}`).join(', '));
}

/** If the line writes through an index, `a[i] = ...`: is that inside the array, and is it `variable` that it hits? */
export async function explainIndex(session: DebugSession, variable: string): Promise<string | undefined> {
  const [{ line, source }] = await session.callStack();
  const [, array, index] = /^(\S+)\[(\w+)\] = /.exec(sourceLine(source!.path, line)) ?? [];
  if (array === undefined) return undefined;
  const questions = [`&${array}[${index}] == &${variable}`, index, `sizeof ${array} / sizeof ${array}[0]`];
  const answers: string[] = [];
  for (const question of questions) answers.push(await session.ask(question));
  const [isSamePlace, at, length] = answers;
  const isOutside = Number(at) >= Number(length);
  if (isSamePlace !== '1' || !isOutside) return undefined;
  return `${array} has ${length} elements, ${index} is ${at}: that place is ${variable}`;
}
