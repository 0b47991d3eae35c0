import type { GuestError } from './guestError.ts';
import type { DebugSession } from './debugSession.ts';
import { received, say, sent, shortPath, showSource, sourceLine } from './transcript.ts';
import type { Culprit, Location, Move, WalkDriver } from './walk.ts';

/** The write that damaged the variable, with the details that the demo prints. */
export interface Finding extends Culprit {
  file: string;
  source: string;
  /** The number of steps from power-on to the point before the write. */
  step: string;
  fingerprint: string;
  explanation?: string;
}

/** Performs the walk with Debug Adapter Protocol requests, and prints it unless the session is quiet. */
export class DemoDriver implements WalkDriver {
  finding?: Finding;
  private readonly session: DebugSession;
  private readonly guestError: GuestError;

  constructor(session: DebugSession, guestError: GuestError) {
    this.session = session;
    this.guestError = guestError;
  }

  stopAtWrites(variable: string): Promise<void> {
    return this.session.watchWrites(variable);
  }

  async move(command: Move): Promise<void> {
    await this.session.run(command, (description) => {
      const [, before] = / was written: (\S+) -> /.exec(description) ?? [];
      const isEarlierWrong =
        command === 'reverseContinue' && before !== undefined && before !== this.guestError.counted;
      return isEarlierWrong ? '; the value was already wrong, so continue backwards' : '';
    });
  }

  async location(): Promise<Location> {
    const [{ name, line }] = await this.session.callStack();
    return { name, line };
  }

  value(variable: string): Promise<string> {
    return this.session.evaluate(variable);
  }

  async lookAround(culprit: Culprit): Promise<void> {
    const session = this.session;
    const [{ line, source }] = await session.callStack();
    if (session.isTold) await showContext(session);
    const explanation = session.isTold ? await explainIndex(session, culprit.variable) : undefined;
    this.finding = {
      ...culprit,
      ...{ file: shortPath(source!.path), source: sourceLine(source!.path, line) },
      ...{ step: await session.evaluate('$mcycle'), fingerprint: await session.fingerprint(), explanation },
    };
    if (session.isTold) say('Two steps further back, and then forward over the write again:');
  }
}

const FRAMES_SHOWN = 6;

/** Prints source, call stack and locals. */
async function showContext(session: DebugSession): Promise<void> {
  say('Before this write the value was right. The source line, call stack and locals:');
  const frames = await session.callStack();
  const [{ id, line, source }] = frames;
  showSource(source!.path, line, 1);
  sent('stackTrace');
  const names = frames.map((frame) => `${frame.name}:${frame.line}`);
  received([...names.slice(0, FRAMES_SHOWN), '...', names.at(-1)].join(' < '));
  sent('scopes, variables: the locals');
  received((await session.locals(id)).map(({ name, value }) => `${name} = ${value}`).join(', '));
}

/**
 * If the line writes an array element (`a[i] = ...`), checks whether the index is out of bounds and whether `variable`
 * is at the element's address. Returns an explanation if so.
 */
async function explainIndex(session: DebugSession, variable: string): Promise<string | undefined> {
  const [{ line, source }] = await session.callStack();
  const [, array, index] = /^(\S+)\[(\w+)\] = /.exec(sourceLine(source!.path, line)) ?? [];
  if (array === undefined) return undefined;
  const questions = [`&${array}[${index}] == &${variable}`, index, `sizeof ${array} / sizeof ${array}[0]`];
  const answers: string[] = [];
  for (const question of questions) answers.push(await session.ask(question));
  const [isSameAddress, at, length] = answers;
  const isOutside = Number(at) >= Number(length);
  if (isSameAddress !== '1' || !isOutside) return undefined;
  return `${array} has ${length} elements, ${index} is ${at}: that element would be ${variable}`;
}
