import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { MachineTimeline } from '../../debug-adapter/engine/timeline/machineTimeline.ts';
import {
  openReplay,
  openSymbols,
  Session,
  SourceSteps,
  stepForward,
  type Symbols,
} from '../../debug-adapter/engine/index.ts';
import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import type { SeededRandom } from '../support/seededRandom.ts';
import { runGdb, serve } from './gdbSupport.ts';

/** A recording that a test steps through both in gdb, connected to our server, and in our own session. */
export interface WalkedRecording {
  elf: string;
  end: number;
  session: Session<MachineTimeline>;
  symbols: Symbols;
  steps: SourceSteps;
  /** Starts a replay for gdb and returns its port. */
  listen: () => Promise<number>;
}

export async function recordWalk(t: TestContext, name: string): Promise<WalkedRecording> {
  const sandbox = new Sandbox(t);
  const elf = guest(name);
  const options = ['--kernel', elf, '--rrfile', 'a.rr'];
  const { position: end } = (await sandbox.cli(['record', ...options, '--json'])).summary;
  const own = sandbox.copy(t);
  const unsaid = { bios: null, initrd: null, append: null, memoryBytes: null, rrsnapshot: null };
  const timeline = openReplay(nodeHost, { ...unsaid, rrfile: own.path('a.rr'), drives: [], onConsoleByte: () => {} });
  t.after(() => timeline.abandon());
  const session = new Session(timeline);
  const symbols = openSymbols({ name: elf, bytes: readFileSync(elf) });
  const listen = async () => (await serve(t, sandbox, ['replay', ...options])).port;
  return { elf, end, session, symbols, steps: new SourceSteps(session, symbols), listen };
}

/** A position at which gdb stopped. */
export interface GdbStop {
  position: number;
  pc: bigint;
  sp: bigint;
  /** The line that gdb shows, such as `calls.c:12`; undefined if gdb has no line for the pc. */
  line: string | undefined;
}

/** Random positions from which one instruction step leads gdb to code with line information. */
export function choosePositions(
  { session, symbols, end }: WalkedRecording,
  random: SeededRandom,
  count: number,
): number[] {
  const positions: number[] = [];
  while (positions.length < count) {
    const position = 1000 + random.below(end - 1000);
    complete(session.goTo(position));
    complete(stepForward(session));
    // If an inlined body starts at gdb's position, gdb is inside the body after an instruction step, and in front of it
    // after any other step. Such positions are skipped.
    if (symbols.inlinedAt(session.inspector.pc).some(({ range }) => range.start === session.inspector.pc)) continue;
    if (/\.c$/.test(symbols.lineAt(session.inspector.pc)?.file.path ?? '')) positions.push(position);
  }
  return positions;
}

/**
 * Executes the command `stepsEach` times from each position. Returns one list of stops for each position, which starts
 * with the position itself.
 */
export async function walkInGdb(
  walked: WalkedRecording,
  command: string,
  positions: readonly number[],
  stepsEach: number,
): Promise<GdbStop[][]> {
  const stop = ['echo @stand\\n', 'monitor position', 'printf "%lx %lx\\n", $pc, $sp', 'info line *$pc'];
  const steps = Array.from({ length: stepsEach }, () => [command, ...stop]).flat();
  const output = await runGdb({
    elf: walked.elf,
    port: await walked.listen(),
    commands: positions.flatMap((position) => [
      ...[`echo @walk\\n`, `monitor goto ${position}`, 'maintenance flush register-cache'],
      // `stepi` makes gdb forget which inlined bodies it had stopped in front of.
      ...['maintenance flush dcache', 'stepi', ...stop, ...steps],
    ]),
  });
  const walks = output.split('@walk\n').slice(1);
  return walks.map((walk) => walk.split('@stand\n').slice(1).map(stopOf));
}

function stopOf(output: string): GdbStop {
  const found = /^(\d+)\n([0-9a-f]+) ([0-9a-f]+)\n(?:Line (\d+) of "(?:.*\/)?(.*?)")?/.exec(output);
  if (!found) throw new Error(`gdb said: ${output}`);
  const [, position, pc, sp, line, file] = found;
  return {
    position: Number(position),
    pc: BigInt(`0x${pc}`),
    sp: BigInt(`0x${sp}`),
    line: line === undefined ? undefined : `${file}:${line}`,
  };
}
