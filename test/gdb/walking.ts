import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import {
  openReplay,
  openSymbols,
  Session,
  SourceSteps,
  StepForward,
  type Symbols,
} from '../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { Workplace } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import type { SeededRandom } from '../support/seededRandom.ts';
import { runGdb, serve } from './gdbSupport.ts';

/** One recording, stepped through by gdb over our server and by our own session. */
export interface Walked {
  elf: string;
  end: number;
  session: Session;
  symbols: Symbols;
  steps: SourceSteps;
  /** Starts a replay for gdb and returns its port. */
  listen: () => Promise<number>;
}

export async function recordWalk(t: TestContext, name: string): Promise<Walked> {
  const place = new Workplace(t);
  const elf = guest(name);
  const options = ['--kernel', elf, '--rrfile', 'a.rr'];
  const { position: end } = (await place.cli(['record', ...options, '--json'])).summary;
  const own = place.copy(t);
  const unsaid = { bios: null, initrd: null, append: null, memoryBytes: null, rrsnapshot: null };
  const timeline = openReplay(nodeHost, { ...unsaid, rrfile: own.path('a.rr'), drives: [], onConsoleByte: () => {} });
  t.after(() => timeline.abandon());
  const session = new Session(timeline);
  const symbols = openSymbols({ name: elf, bytes: readFileSync(elf) });
  const listen = async () => (await serve(t, place, ['replay', ...options])).port;
  return { elf, end, session, symbols, steps: new SourceSteps(session, symbols), listen };
}

/** A position at which gdb stopped. */
export interface Stand {
  position: number;
  pc: bigint;
  sp: bigint;
  /** From gdb's line table, such as `calls.c:12`; undefined where it has no line. */
  line: string | undefined;
}

/** Random positions such that one step later gdb is in code with lines. */
export function choosePlaces({ session, symbols, end }: Walked, random: SeededRandom, count: number): number[] {
  const places: number[] = [];
  while (places.length < count) {
    const position = 1000 + random.below(end - 1000);
    session.goTo(position);
    new StepForward(session).run(() => false);
    // After an instruction step gdb is inside a body that is inlined there; after any other step it is before the body.
    if (symbols.inlinedAt(session.inspector.pc).some(({ range }) => range.start === session.inspector.pc)) continue;
    if (/\.c$/.test(symbols.lineAt(session.inspector.pc)?.file.path ?? '')) places.push(position);
  }
  return places;
}

/** Executes the command `stepsEach` times from each position; the results of each walk start with that position. */
export async function walkInGdb(
  walked: Walked,
  command: string,
  places: readonly number[],
  stepsEach: number,
): Promise<Stand[][]> {
  const stand = ['echo @stand\\n', 'monitor position', 'printf "%lx %lx\\n", $pc, $sp', 'info line *$pc'];
  const steps = Array.from({ length: stepsEach }, () => [command, ...stand]).flat();
  const said = await runGdb({
    elf: walked.elf,
    port: await walked.listen(),
    commands: places.flatMap((position) => [
      ...[`echo @walk\\n`, `monitor goto ${position}`, 'maintenance flush register-cache'],
      // The step makes gdb forget before which inlined bodies it stopped.
      ...['maintenance flush dcache', 'stepi', ...stand, ...steps],
    ]),
  });
  const walks = said.split('@walk\n').slice(1);
  return walks.map((walk) => walk.split('@stand\n').slice(1).map(standOf));
}

function standOf(said: string): Stand {
  const found = /^(\d+)\n([0-9a-f]+) ([0-9a-f]+)\n(?:Line (\d+) of "(?:.*\/)?(.*?)")?/.exec(said);
  if (!found) throw new Error(`gdb said: ${said}`);
  const [, position, pc, sp, line, file] = found;
  return {
    position: Number(position),
    pc: BigInt(`0x${pc}`),
    sp: BigInt(`0x${sp}`),
    line: line === undefined ? undefined : `${file}:${line}`,
  };
}
